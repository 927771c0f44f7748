//! The type under which a function is mocked or called is its own, lifetimes and all.
//!
//! A wrong one is accepted nowhere: with each that is refused here, safe code would keep what it has
//! borrowed.
#![cfg(feature = "mock")]

use hot::{Error, call_original_by_name, hot};
use std::fmt;

fn is_mismatch<T>(result: Result<T, Error>) -> bool {
    match result {
        Err(Error::SignatureMismatch { .. }) => true,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => false,
    }
}

/// The function has a type for mocks, and none for calls by name.
fn has_no_name<T>(result: Result<T, Error>) -> bool {
    match result {
        Err(Error::CannotMock { .. }) => true,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => false,
    }
}

// `Self` is a trait object.

trait Foo {
    fn text(&self) -> &'static str
    where
        Self: 'static;
}

impl Foo for &'static str {
    fn text(&self) -> &'static str {
        self
    }
}

#[hot]
impl dyn Foo {
    fn go(&self) -> &'static str {
        self.text()
    }
    fn me(&self) -> &Self {
        self
    }
    fn maybe(&self, yes: bool) -> Option<&Self> {
        yes.then_some(self)
    }
    fn boxed(self: Box<Self>) -> Box<Self> {
        self
    }
    fn pair<'a>(&'a self, other: &'a Self) -> [&'a Self; 2] {
        [self, other]
    }
}

impl fmt::Debug for dyn Foo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[hot]
impl PartialEq for dyn Foo {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

trait Same {
    fn same(&self) -> &Self;
    fn either<'a>(&'a self, other: &'a Self) -> Option<&'a Self>;
    fn all(this: Box<Self>) -> Vec<Box<Self>>;
}

#[hot]
impl Same for dyn Foo {
    fn same(&self) -> &Self {
        self
    }
    fn either<'a>(&'a self, _: &'a Self) -> Option<&'a Self> {
        Some(self)
    }
    fn all(this: Box<Self>) -> Vec<Box<Self>> {
        vec![this]
    }
}

/// As `go` would be called for an object that has borrowed: what would be returned dangles.
#[test]
fn a_trait_object_is_static_where_its_impl_says_so() {
    fn go(_: &(dyn Foo + 'static)) -> &'static str {
        "fake"
    }
    fn wide(_: &dyn Foo) -> &'static str {
        "wide"
    }
    let it: &'static str = "it";
    type Go = fn(&(dyn Foo + 'static)) -> &'static str;
    type Wide = fn(&dyn Foo) -> &'static str;
    let name = "lifetimes/*dyn Foo.go";
    assert!(is_mismatch(call_original_by_name!(name, Wide, &it)));
    assert_eq!(call_original_by_name!(name, Go, &it).unwrap(), "it");
    assert!(is_mismatch(hot::mock(<dyn Foo>::go, wide as Wide)));
    hot::mock(<dyn Foo>::go, go as Go).unwrap();
    assert_eq!(<dyn Foo>::go(&it), "fake");
    hot::reset(<dyn Foo>::go).unwrap();
    let scope = hot::scope();
    let wide = hot::mock_by_name!(in scope, name, |_: &dyn Foo| -> &'static str { "" });
    assert!(is_mismatch(wide));
    hot::mock!(in scope, <dyn Foo>::go, |_: &(dyn Foo + 'static)| -> &'static str { "closure" })
        .unwrap();
    assert_eq!(<dyn Foo>::go(&it), "closure");
}

#[test]
fn results_that_are_self() {
    type Object = dyn Foo + 'static;
    fn me(foo: &Object) -> &Object {
        foo
    }
    fn wide(foo: &dyn Foo) -> &dyn Foo {
        foo
    }
    fn longer<'a, 'b: 'b>(foo: &'a (dyn Foo + 'b)) -> &'a (dyn Foo + 'b) {
        foo
    }
    hot::mock(<dyn Foo>::me, me as fn(&Object) -> &Object).unwrap();
    hot::reset(<dyn Foo>::me).unwrap();
    assert!(is_mismatch(hot::mock(<dyn Foo>::me, wide as fn(&dyn Foo) -> &dyn Foo)));
    hot::mock(<dyn Foo>::me, longer as fn(&Object) -> &Object).unwrap();
    hot::reset(<dyn Foo>::me).unwrap();
    let it: &'static str = "it";
    type Me = fn(&Object) -> &Object;
    let name = "lifetimes/*dyn Foo.me";
    assert_eq!(call_original_by_name!(name, Me, &it).unwrap().text(), "it");
    type Maybe = fn(&Object, bool) -> Option<&Object>;
    let name = "lifetimes/*dyn Foo.maybe";
    assert_eq!(call_original_by_name!(name, Maybe, &it, true).unwrap().unwrap().text(), "it");
    type Wide = fn(&dyn Foo, bool) -> Option<&dyn Foo>;
    assert!(is_mismatch(call_original_by_name!(name, Wide, &it, true).map(drop)));
    type Boxed = fn(Box<dyn Foo>) -> Box<dyn Foo>;
    let name = "lifetimes/*dyn Foo.boxed";
    assert_eq!(call_original_by_name!(name, Boxed, Box::new(it)).unwrap().text(), "it");
    type Pair = for<'a> fn(&'a Object, &'a Object) -> [&'a Object; 2];
    let name = "lifetimes/*dyn Foo.pair";
    assert_eq!(call_original_by_name!(name, Pair, &it, &it).unwrap()[1].text(), "it");
    assert!(<dyn Foo>::maybe(&it, false).is_none());
    let boxed: Box<dyn Foo> = Box::new(it);
    assert_eq!(<dyn Foo>::pair(&*boxed.boxed(), &it)[0].me().text(), "it");
}

#[test]
fn traits_of_a_trait_object() {
    type Object = dyn Foo + 'static;
    type Eq = fn(&Object, &Object) -> bool;
    let (it, other): (&'static str, &'static str) = ("it", "other");
    let name = "lifetimes/*dyn Foo.PartialEq.eq";
    assert!(!call_original_by_name!(name, Eq, &it, &other).unwrap());
    assert!(is_mismatch(call_original_by_name!(name, fn(&dyn Foo, &dyn Foo) -> bool, &it, &it)));
    let (it, other): (&dyn Foo, &dyn Foo) = (&it, &other);
    assert_ne!(it, other);
    hot::mock!(<dyn Foo as PartialEq>::eq, |_: &Object, _: &Object| -> bool { true }).unwrap();
    assert_eq!(it, other);
    hot::reset(<dyn Foo as PartialEq>::eq).unwrap();

    type Either = for<'a> fn(&'a Object, &'a Object) -> Option<&'a Object>;
    let name = "lifetimes/*dyn Foo.Same.either";
    assert!(call_original_by_name!(name, Either, it, it).unwrap().is_some());
    type All = fn(Box<dyn Foo>) -> Vec<Box<dyn Foo>>;
    let name = "lifetimes/dyn Foo.Same.all";
    assert_eq!(call_original_by_name!(name, All, Box::new("it")).unwrap().len(), 1);
    type Me = fn(&Object) -> &Object;
    assert_eq!(call_original_by_name!("lifetimes/*dyn Foo.Same.same", Me, it).unwrap(), it);
    let all = <dyn Foo as Same>::all(Box::new("it"));
    assert!(all[0].same().either(it).is_some());
}

/// However the object is written: the impl is for the one with `'static`.
#[test]
fn spellings_of_a_trait_object() {
    let name = |of: &str| format!("lifetimes/spelled/{of}");
    let it: &dyn spelled::Plain = &1u8;
    type Right = fn(&(dyn spelled::Plain + 'static)) -> &'static str;
    type Wrong = fn(&dyn spelled::Plain) -> &'static str;
    for of in ["*Alias.alias", "*dyn Plain.fragment", "*dyn Plain.parens"] {
        let name = name(of);
        assert!(is_mismatch(call_original_by_name!(&name, Wrong, it)), "{name}");
        call_original_by_name!(&name, Right, it).unwrap();
    }
    let boxed: Box<dyn spelled::Plain> = Box::new(1u8);
    spelled::behind(it, &boxed);
    type Bounded = for<'a> fn(&(dyn spelled::Of<'a> + 'a)) -> &'a str;
    let of: &dyn spelled::Of<'_> = &1u8;
    call_original_by_name!(&name("*dyn Of.bounded"), Bounded, of).unwrap();
    assert_eq!((it.alias(), it.parens(), it.fragment(), of.bounded()), ("a", "p", "f", "b"));
    let behind = spelled::Behind::behind(&it);
    assert_eq!((behind, spelled::Own::behind(&boxed)), ("r", "x"));
}

mod spelled {
    use hot::hot;

    pub trait Plain {}
    impl Plain for u8 {}
    pub trait Of<'a>: 'a {}
    impl<'a> Of<'a> for u8 {}
    pub trait Behind<'a> {
        fn behind(&self) -> &'a str;
    }
    pub type Alias = dyn Plain;

    #[hot]
    impl Alias {
        pub fn alias(&self) -> &'static str {
            "a"
        }
    }

    #[hot]
    #[allow(unused_parens)]
    impl (dyn Plain) {
        pub fn parens(&self) -> &'static str {
            "p"
        }
    }

    macro_rules! object {
        ($ty:ty, $name:ident) => {
            #[hot]
            impl $ty {
                pub fn $name(&self) -> &'static str {
                    "f"
                }
            }
        };
    }
    object!(dyn Plain, fragment);

    #[hot]
    impl<'a> Behind<'a> for &'a dyn Plain {
        fn behind(&self) -> &'a str {
            "r"
        }
    }

    pub trait Own {
        fn behind(&self) -> &str;
    }

    #[hot]
    impl Own for Box<dyn Plain> {
        fn behind(&self) -> &str {
            "x"
        }
    }

    /// A reference and a box give their object the lifetimes that they give it everywhere.
    #[allow(clippy::borrowed_box)] // It is the receiver of a box.
    pub fn behind(it: &dyn Plain, boxed: &Box<dyn Plain>) {
        type Behind = for<'a> fn(&&'a dyn Plain) -> &'a str;
        let name = "lifetimes/spelled/*&dyn Plain.Behind.behind";
        hot::call_original_by_name!(name, Behind, &it).unwrap();
        type Boxed = fn(&Box<dyn Plain>) -> &str;
        let name = "lifetimes/spelled/*Box<dyn Plain>.Own.behind";
        hot::call_original_by_name!(name, Boxed, boxed).unwrap();
    }

    #[hot]
    impl<'a> dyn Of<'a> {
        pub fn bounded(&self) -> &'a str {
            "b"
        }
    }
}

// Bounds that the header of an impl implies.

mod implied {
    use hot::hot;
    use std::marker::PhantomData;

    #[derive(Clone, Copy)]
    pub struct P<'a, 'b>(pub PhantomData<&'a &'b u8>);
    pub struct S<'a>(pub &'a u8)
    where
        'a: 'static;
    pub struct Plain<'a>(pub &'a str);
    pub trait Is: 'static {}
    impl<T: 'static> Is for T {}

    #[hot]
    impl<'a, 'b> P<'a, 'b> {
        pub fn conv(x: &'b str, _: &'a u8) -> &'a str {
            x
        }
        pub fn with(self, x: &'b str) -> &'a str {
            x
        }
        pub fn make(x: &'b str, _: &'a u8) -> (Self, &'a str) {
            (P(PhantomData), x)
        }
        pub fn items(x: &'b str, _: [&'a u8; 1], _: &[Self]) -> &'a str {
            x
        }
        pub fn ask(x: &'b str, _: &'a u8, _: fn(Self)) -> &'a str {
            x
        }
        pub fn free(x: &str) -> usize {
            x.len()
        }
    }

    #[hot]
    impl<'a> S<'a> {
        pub fn text(x: &'a str) -> &'static str {
            x
        }
        pub fn own(&self, x: &'a str) -> &'static str {
            x
        }
    }

    #[hot]
    impl<'a> Plain<'a> {
        pub fn get(&self) -> &'static str
        where
            Self: Is,
        {
            self.0
        }
        pub fn sized(&self) -> &'a str
        where
            Self: Sized,
        {
            self.0
        }
    }

    #[hot]
    impl<'a> Plain<'a>
    where
        Self: Is,
    {
        pub fn whole(&self) -> &'static str {
            self.0
        }
    }

    pub trait Long<T> {
        type In;
        type Out;
        fn long(x: Self::In) -> Self::Out;
    }

    // `'b: 'a` stands in the trait's argument, and in no type of the function.
    pub struct Unit<'a, 'b>(pub &'a u8, pub &'b u8);

    #[hot]
    impl<'a, 'b> Long<&'a &'b u8> for Unit<'a, 'b> {
        type In = (&'b str, &'a u8);
        type Out = &'a str;
        fn long(x: (&'b str, &'a u8)) -> &'a str {
            x.0
        }
    }

    pub fn call_unit<'a>(x: &str, y: &'a u8) -> Result<&'a str, hot::Error> {
        type Call = for<'a, 'b> fn((&'b str, &'a u8)) -> &'a str;
        hot::call_original_by_name!("lifetimes/implied/Unit.Long<&&u8>.long", Call, (x, y))
    }

    // The bounds are those of references, and kept by the arguments.
    #[hot]
    impl<'a, 'b> std::ops::Sub<&'b Plain<'a>> for &'b Plain<'a> {
        type Output = &'a str;
        fn sub(self, other: Self) -> Self::Output {
            other.0
        }
    }

    #[hot]
    impl<'a> From<&'a str> for Plain<'a> {
        fn from(text: &'a str) -> Self {
            Plain(text)
        }
    }

    // The type of the impl is met in its associated types alone.
    #[hot]
    impl<'a, 'b> Long<u8> for P<'a, 'b> {
        type In = (&'b str, &'a u8);
        type Out = &'a str;
        fn long(x: Self::In) -> Self::Out {
            x.0
        }
    }

    pub fn call_long<'a>(x: &str, y: &'a u8) -> Result<&'a str, hot::Error> {
        type Call = for<'a, 'b> fn((&'b str, &'a u8)) -> &'a str;
        hot::call_original_by_name!("lifetimes/implied/P.Long<u8>.long", Call, (x, y))
    }
}

/// Gives back a reference to what it has dropped, if one of these succeeds.
#[test]
fn bounds_that_a_header_implies_are_kept() {
    use implied::{P, Plain, S};
    let long = &1u8;
    type Conv = for<'a, 'b> fn(&'b str, &'a u8) -> &'a str;
    let local = String::from("local");
    let local = local.as_str();
    let name = "lifetimes/implied/P.conv";
    assert!(has_no_name(call_original_by_name!(name, Conv, local, long)));
    type Ask = for<'a, 'b> fn(&'b str, &'a u8, fn(P<'a, 'b>)) -> &'a str;
    assert!(has_no_name(call_original_by_name!(
        "lifetimes/implied/P.ask",
        Ask,
        local,
        long,
        |_| ()
    )));
    type Text = for<'a> fn(&'a str) -> &'static str;
    assert!(has_no_name(call_original_by_name!("lifetimes/implied/S.text", Text, local)));
    type Get = for<'a> fn(&Plain<'a>) -> &'static str;
    for name in ["lifetimes/implied/*Plain.get", "lifetimes/implied/*Plain.whole"] {
        assert!(has_no_name(call_original_by_name!(name, Get, &Plain(local))), "{name}");
    }
    assert!(has_no_name(implied::call_long(local, long)));
    assert!(has_no_name(implied::call_unit(local, long)));

    // Where the type of the impl stands in the function's, so does what it implies.
    type With = for<'a, 'b> fn(P<'a, 'b>, &'b str) -> &'a str;
    let p = P(std::marker::PhantomData);
    assert_eq!(call_original_by_name!("lifetimes/implied/P.with", With, p, "x").unwrap(), "x");
    type Make = for<'a, 'b> fn(&'b str, &'a u8) -> (P<'a, 'b>, &'a str);
    assert_eq!(call_original_by_name!("lifetimes/implied/P.make", Make, "x", long).unwrap().1, "x");
    type Items = for<'a, 'b> fn(&'b str, [&'a u8; 1], &[P<'a, 'b>]) -> &'a str;
    let name = "lifetimes/implied/P.items";
    assert_eq!(call_original_by_name!(name, Items, "x", [long], &[]).unwrap(), "x");
    type Own = for<'a> fn(&S<'a>, &'a str) -> &'static str;
    let name = "lifetimes/implied/*S.own";
    assert_eq!(call_original_by_name!(name, Own, &S(&1), "x").unwrap(), "x");
    type Sized = for<'a> fn(&Plain<'a>) -> &'a str;
    let name = "lifetimes/implied/*Plain.sized";
    assert_eq!(call_original_by_name!(name, Sized, &Plain(local)).unwrap(), "local");
    type Sub = for<'a, 'b> fn(&'b Plain<'a>, &'b Plain<'a>) -> &'a str;
    let name = "lifetimes/implied/&Plain.Sub<&Plain>.sub";
    let plain = Plain(local);
    assert_eq!(call_original_by_name!(name, Sub, &plain, &plain).unwrap(), "local");
    type From = for<'a> fn(&'a str) -> Plain<'a>;
    let name = "lifetimes/implied/Plain.From<&str>.from";
    assert_eq!(call_original_by_name!(name, From, local).unwrap().0, "local");
    // Where its lifetimes do not, there is nothing to imply.
    let name = "lifetimes/implied/P.free";
    assert_eq!(call_original_by_name!(name, fn(&str) -> usize, local).unwrap(), 5);
}

/// A mock may be called in more cases than the function: one that needs no bound is good for it.
#[test]
fn what_has_no_type_for_calls_has_one_for_mocks() {
    use implied::{P, Plain, S};
    fn fake<'a>(_: &str, _: &'a u8) -> &'a str {
        "fake"
    }
    hot::mock(P::conv, fake as for<'a, 'b> fn(&'b str, &'a u8) -> &'a str).unwrap();
    assert_eq!(P::conv("x", &1), "fake");
    hot::reset(P::conv).unwrap();
    let scope = hot::scope();
    let name = "lifetimes/implied/S.text";
    hot::mock_by_name!(in scope, name, |_: &str| -> &'static str { "fake" }).unwrap();
    let name = "lifetimes/implied/*Plain.get";
    hot::mock_by_name!(in scope, name, for<'a> |_: &Plain<'a>| -> &'static str { "fake" }).unwrap();
    let name = "lifetimes/implied/*Plain.whole";
    hot::mock_by_name!(
        in scope, name, |_: &Plain<'_>| -> &'static str { "fake" }, when |p| p.0.is_empty()
    )
    .unwrap();
    assert_eq!((S::text("x"), Plain("x").get(), Plain("").whole()), ("fake", "fake", "fake"));
    assert_eq!(Plain("x").whole(), "x");
    fn one<'a>(_: &'a str, _: &'a u8) -> &'a str {
        "fake"
    }
    assert!(is_mismatch(hot::mock(P::conv, one as for<'a> fn(&'a str, &'a u8) -> &'a str)));
    assert_eq!(hot::call_original(P::conv, ("x", &1)).unwrap(), "x");
}

#[test]
fn the_rest_is_as_written() {
    use implied::{Long, P, Plain, S, Unit};
    let p = P(std::marker::PhantomData);
    assert_eq!((p.with("x"), P::make("x", &1).1, P::items("x", [&1], &[])), ("x", "x", "x"));
    assert_eq!((P::ask("x", &1, |_| ()), P::free("x"), S(&1).own("x")), ("x", 1, "x"));
    assert_eq!((Plain("x").sized(), S(&1).0), ("x", &1));
    assert_eq!(<P<'_, '_> as Long<u8>>::long(("x", &1)), "x");
    assert_eq!(<Unit<'_, '_> as Long<&&u8>>::long(("x", &1)), "x");
    assert_eq!((&Plain("x") - &Plain::from("y"), *Unit(&1, &2).0 + *Unit(&1, &2).1), ("y", 3));
}

/// Lifetimes that a macro or a raw name hides from whoever reads the tokens: such a function is chosen
/// for one lifetime when it is named, and a mock that is good for `'static` must not be taken.
mod hidden_names {
    use hot::hot;

    pub struct Hid<'a>(pub &'a str);
    pub struct Other;
    pub trait Gives<'a> {
        type Out;
    }
    impl<'a> Gives<'a> for u8 {
        type Out = &'a str;
    }
    macro_rules! hidden {
        () => {
            Hid<'a>
        };
    }
    macro_rules! word {
        () => {
            u64
        };
    }

    #[hot]
    pub fn free<'a>(_x: &'a str, _n: word!())
    where
        hidden!(): Sized,
    {
    }

    #[hot]
    #[allow(mismatched_lifetime_syntaxes, clippy::needless_lifetimes)]
    impl Other {
        pub fn projected<'a>(&self, x: <u8 as Gives<'a>>::Out) -> (hidden!(), Other) {
            (Hid(x), Other)
        }
        pub fn raw<'a>(&self, x: <u8 as Gives<'a>>::Out) -> (Hid<'r#a>, Other) {
            (Hid(x), Other)
        }
        // A lifetime that is left out is the receiver's, named or not.
        pub fn named<'a>(&'a self, _: &str) -> &u8 {
            &7
        }
        pub fn pinned<'a>(self: std::pin::Pin<&'a mut Self>, _: &str) -> &u8 {
            &8
        }
    }
}

#[test]
fn what_is_chosen_when_the_function_is_named_has_no_type() {
    use hidden_names::{Hid, Other, free};
    fn keep(_: &'static str, _: u64) {}
    assert!(has_no_name(hot::mock(free, keep as fn(&'static str, u64))));
    type Projected = fn(&Other, &'static str) -> (Hid<'static>, Other);
    fn projected(_: &Other, x: &'static str) -> (Hid<'static>, Other) {
        (Hid(x), Other)
    }
    assert!(has_no_name(hot::mock(Other::projected, projected as Projected)));
    assert!(has_no_name(hot::mock(Other::raw, projected as Projected)));
    free("x", 1);
    assert_eq!((Other.projected("x").0.0, Other.raw("y").0.0), ("x", "y"));

    fn named<'a>(_: &'a Other, _: &str) -> &'a u8 {
        &1
    }
    hot::mock(Other::named, named as for<'a> fn(&'a Other, &str) -> &'a u8).unwrap();
    assert_eq!((Other.named("x"), std::pin::pin!(Other).pinned("x")), (&1, &8));
    hot::reset(Other::named).unwrap();
}
