//! By name a function is reached from where it can be named: visibilities, traits, destructors, and
//! generic functions of one name.
#![cfg(feature = "mock")]

use hot::__private::{Viewer, forbid_from, original_by_name};
use hot::Error;

mod vault {
    use hot::hot;
    use std::fmt;

    /// Whoever has one has been let in.
    pub struct Proof(pub(super) u8);

    #[hot]
    impl Proof {
        fn forge() -> Proof {
            Proof(1)
        }
        pub(self) fn own() -> Proof {
            Proof(2)
        }
        pub(super) fn lent() -> Proof {
            Proof(3)
        }
        pub(in crate::vault) fn kept() -> Proof {
            Proof(4)
        }
        pub(crate) fn ours() -> Proof {
            Proof(5)
        }
        pub fn show() -> Proof {
            Proof(6)
        }
    }

    trait Seal {
        fn broken(&self) -> u8;
    }

    #[hot]
    impl Seal for Proof {
        fn broken(&self) -> u8 {
            self.0
        }
    }

    #[hot]
    impl fmt::Display for Proof {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    /// # Safety
    /// `length` is right.
    #[allow(clippy::len_without_is_empty)]
    pub unsafe trait Exact {
        fn length(&self) -> usize;
    }

    // SAFETY: a test.
    #[hot]
    unsafe impl Exact for Proof {
        fn length(&self) -> usize {
            0
        }
    }

    pub fn inside() -> [Result<u8, hot::Error>; 4] {
        let proof = Proof(9);
        [
            hot::call_original_by_name!("mock_private/vault/Proof.forge", fn() -> Proof),
            hot::call_original_by_name!("mock_private/vault/Proof.own", fn() -> Proof),
            hot::call_original_by_name!("mock_private/vault/Proof.kept", fn() -> Proof),
            hot::call_original_by_name!(
                "mock_private/vault/*Proof.Seal.broken",
                fn(&Proof) -> u8,
                &proof
            )
            .map(Proof),
        ]
        .map(|proof| proof.map(|proof| proof.0))
    }

    pub mod deeper {
        use super::Proof;

        #[forbid(unsafe_code)]
        pub fn inside() -> Result<u8, hot::Error> {
            let scope = hot::scope();
            hot::mock_by_name!(in scope, "mock_private/vault/Proof.forge", || -> Proof { Proof(7) })?;
            hot::forbid!(in scope, "mock_private/vault/Proof.kept")?;
            Ok(Proof::forge().0)
        }

        pub fn through(seal: &Proof) -> u8 {
            super::Seal::broken(seal)
        }
    }
}

fn call(name: &str) -> Result<u8, Error> {
    hot::call_original_by_name!(name, fn() -> vault::Proof).map(|proof| proof.0)
}

fn is_private<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Private { .. }))
}

#[test]
fn a_macro_sees_what_its_module_sees() {
    assert_eq!(vault::inside(), [Ok(1), Ok(2), Ok(4), Ok(9)]);
    assert_eq!(vault::deeper::inside(), Ok(7));
    for private in ["forge", "own", "kept"] {
        assert!(is_private(call(&format!("mock_private/vault/Proof.{private}"))), "{private}");
        assert!(is_private(call(&format!("mock_private::vault::Proof::{private}"))), "{private}");
    }
    assert_eq!(call("mock_private/vault/Proof.lent"), Ok(3));
    assert_eq!(call("mock_private/vault/Proof.ours"), Ok(5));
    assert_eq!(call("mock_private/vault/Proof.show"), Ok(6));
    let scope = hot::scope();
    let forge = "mock_private/vault/Proof.forge";
    let proof = || vault::Proof(0);
    assert!(is_private(hot::mock_by_name!(forge, || -> vault::Proof { vault::Proof(0) })));
    assert!(is_private(
        hot::mock_by_name!(in scope, forge, || -> vault::Proof { vault::Proof(0) })
    ));
    scope.with(|local| {
        let local = hot::mock_by_name!(in local, forge, || -> vault::Proof { proof() });
        assert!(is_private(local));
    });
    assert!(is_private(hot::forbid!("mock_private/vault/Proof.forge")));
    assert!(is_private(hot::forbid!(in scope, "mock_private/*/Proof.forge")));
    let sentence = call(forge).unwrap_err().to_string();
    assert!(sentence.contains("is private in `mock_private::vault`"), "{sentence}");
    let sentence = call("mock_private/vault/Proof.kept").unwrap_err().to_string();
    assert!(sentence.contains("is `pub(in crate::vault)` in `mock_private::vault`"), "{sentence}");
    let beside = hot::call_original_by_name!("mock_private/destructors/beside", fn() -> u8);
    assert_eq!(beside, Ok(5));
    // Resetting reaches all.
    hot::reset_by_name(forge).unwrap();
}

#[test]
fn function_forms_see_what_is_public() {
    assert!(is_private(hot::mock_by_name("mock_private/destructors/beside", (|| 6) as fn() -> u8)));
    fn fake() -> vault::Proof {
        vault::Proof(10)
    }
    let fake = fake as fn() -> vault::Proof;
    for private in ["forge", "own", "lent", "kept", "ours"] {
        let name = format!("mock_private/vault/Proof.{private}");
        assert!(is_private(hot::mock_by_name(&name, fake)), "{private}");
        assert!(is_private(hot::forbid(&name)), "{private}");
        assert!(is_private(hot::scope().forbid(&name)), "{private}");
    }
    hot::mock_by_name("mock_private/vault/Proof.show", fake).unwrap();
    assert_eq!(vault::Proof::show().0, 10);
    hot::reset_by_name("mock_private/vault/Proof.show").unwrap();
    let forbidden = hot::forbid("mock_private/vault/Proof.*").unwrap();
    assert_eq!(forbidden.names().collect::<Vec<_>>(), ["mock_private/vault/Proof.show"]);
    forbidden.lift();

    // Their unsafe twins see all.
    // SAFETY: nothing relies on these.
    unsafe {
        hot::mock_private_by_name("mock_private/vault/Proof.ours", fake).unwrap();
        assert_eq!(vault::Proof::ours().0, 10);
        hot::reset_by_name("mock_private/vault/Proof.ours").unwrap();
        let forbidden = hot::forbid_private("mock_private/vault/Proof.o*").unwrap();
        let names: Vec<_> = forbidden.names().collect();
        assert_eq!(names, ["mock_private/vault/Proof.ours", "mock_private/vault/Proof.own"]);
        forbidden.lift();
        let scope = hot::scope();
        scope.forbid_private("mock_private/vault/Proof.own").unwrap();
    }
}

#[test]
fn a_method_of_a_trait_is_as_visible_as_the_trait() {
    let proof = vault::Proof(8);
    let broken = "mock_private/vault/*Proof.Seal.broken";
    let called = hot::call_original_by_name!(broken, fn(&vault::Proof) -> u8, &proof);
    let sentence = called.unwrap_err().to_string();
    assert!(sentence.contains("known by name in `mock_private::vault` only"), "{sentence}");
    assert!(is_private(hot::mock_by_name(broken, (|_| 0) as fn(&vault::Proof) -> u8)));
    assert_eq!(vault::deeper::through(&proof), 8);

    // A trait of another crate: everybody can name it.
    let shown = hot::mock_by_name(
        "mock_private/vault/*Proof.Display.fmt",
        (|_, f| f.write_str("mocked")) as fn(&vault::Proof, &mut std::fmt::Formatter<'_>) -> _,
    );
    shown.unwrap();
    assert_eq!(proof.to_string(), "mocked");
    hot::reset(<vault::Proof as std::fmt::Display>::fmt).unwrap();
    assert_eq!(proof.to_string(), "8");
}

#[test]
fn an_unsafe_impl_is_a_promise() {
    use vault::{Exact, Proof};
    let refused = |result: Result<hot::Mock, Error>| {
        let sentence = result.unwrap_err().to_string();
        assert!(sentence.contains("an `unsafe impl`, which promises"), "{sentence}");
    };
    let scope = hot::scope();
    refused(hot::mock!(<Proof as Exact>::length, |_: &Proof| -> usize { 1 }));
    refused(hot::mock!(in scope, <Proof as Exact>::length, |_: &Proof| -> usize { 1 }));
    refused(hot::mock(<Proof as Exact>::length, (|_| 1) as fn(&Proof) -> usize));
    refused(scope.spy(<Proof as Exact>::length));
    let name = "mock_private/vault/*Proof.Exact.length";
    refused(hot::mock_by_name!(name, |_: &Proof| -> usize { 1 }));
    refused(hot::mock_by_name(name, (|_| 1) as fn(&Proof) -> usize));
    assert!(is_private(hot::forbid!("mock_private/vault/*Proof.Exact.length")));
    assert_eq!(Proof(1).length(), 0);
    // SAFETY: nothing relies on it.
    unsafe { hot::mock_private_by_name(name, (|_| 1) as fn(&Proof) -> usize) }.unwrap();
    assert_eq!(Proof(1).length(), 1);
    hot::reset_by_name(name).unwrap();
    assert_eq!(Proof(1).length(), 0);
}

/// Destructors, however the trait is spelled.
mod destructors {
    use hot::hot;
    use std::cell::Cell;
    use std::ops::Drop as Destroy;

    thread_local! {
        pub static DROPPED: Cell<u32> = const { Cell::new(0) };
    }

    #[hot]
    fn count() {
        DROPPED.set(DROPPED.get() + 1);
    }

    pub struct Plain;
    pub struct Renamed;
    pub struct Global;
    pub struct Held<T>(pub T);
    pub struct Own;

    #[hot]
    impl Drop for Plain {
        fn drop(&mut self) {
            count();
        }
    }

    #[hot]
    impl Destroy for Renamed {
        fn drop(&mut self) {
            count();
        }
    }

    #[hot]
    impl ::core::ops::Drop for Global {
        fn drop(&mut self) {
            count();
        }
    }

    macro_rules! of_fragments {
        ($path:path, $vis:vis) => {
            #[hot]
            impl $path for Fragment {
                fn drop(&mut self) {
                    count();
                }
            }
            #[hot]
            $vis fn beside() -> u8 {
                5
            }
        };
    }
    pub struct Fragment;
    of_fragments!(::std::ops::Drop, pub(super));

    #[hot]
    impl<T> Destroy for Held<T> {
        fn drop(&mut self) {
            count();
        }
    }

    /// A method of that name which is none.
    pub trait Leave {
        fn drop(&mut self) -> u8;
    }

    #[hot]
    impl Leave for Own {
        fn drop(&mut self) -> u8 {
            1
        }
    }

    #[hot]
    impl<T> Leave for Held<T> {
        fn drop(&mut self) -> u8 {
            1
        }
    }

    pub fn names() -> [&'static str; 3] {
        [
            "mock_private/destructors/*Plain.Drop.drop",
            "mock_private/destructors/*Renamed.Destroy.drop",
            "mock_private/destructors/*Global.Drop.drop",
        ]
    }

    #[test]
    fn nobody_is_given_a_destructor() {
        let scope = hot::scope();
        let refused = |error: hot::Error| {
            let sentence = error.to_string();
            assert!(sentence.contains("it is a destructor"), "{sentence}");
        };
        let [plain, renamed, global] = names();
        refused(hot::mock_by_name!(in scope, plain, |_: &mut Plain| {}).unwrap_err());
        refused(hot::mock_by_name!(renamed, |_: &mut Renamed| {}).unwrap_err());
        refused(hot::mock_by_name(global, (|_| {}) as fn(&mut Global)).unwrap_err());
        // SAFETY: it is refused.
        let unsafely = unsafe { hot::mock_private_by_name(global, (|_| {}) as fn(&mut Global)) };
        refused(unsafely.unwrap_err());
        let fragment = "mock_private/destructors/*Fragment.Drop.drop";
        refused(hot::mock_by_name!(fragment, |_: &mut Fragment| {}).unwrap_err());
        let held = "mock_private/destructors/*Held.Destroy.drop";
        refused(hot::mock_by_name!(held, |_: &mut Held<u8>| {}).unwrap_err());
        let mut value = std::mem::ManuallyDrop::new(Plain);
        refused(hot::call_original_by_name!(plain, fn(&mut Plain), &mut value).unwrap_err());
        for pattern in [plain, renamed, global, fragment, held] {
            assert!(hot::forbid!(in scope, pattern).is_err(), "{pattern}");
            // SAFETY: it is refused.
            assert!(unsafe { hot::forbid_private(pattern) }.is_err(), "{pattern}");
        }
        let forbidden = hot::forbid!(in scope, "mock_private/destructors/*").unwrap();
        let names: Vec<_> = forbidden.names().collect();
        assert!(
            names.iter().all(|name| !name.contains("Drop.") && !name.contains("Destroy.")),
            "{names:?}"
        );
        assert!(names.contains(&"mock_private/destructors/count"), "{names:?}");
        forbidden.lift();
        let before = DROPPED.get();
        drop((Plain, Renamed, Global, Fragment, Held(1u8)));
        assert_eq!(DROPPED.get(), before + 5);
        hot::reset_by_name(plain).unwrap();
        // They are hot all the same.
        assert!(hot::functions().iter().any(|f| f.name() == renamed));
    }

    #[test]
    fn another_method_called_drop_is_given() {
        let scope = hot::scope();
        hot::mock!(in scope, <Own as Leave>::drop, |_: &mut Own| -> u8 { 2 }).unwrap();
        assert_eq!(Own.drop(), 2);
        hot::mock_by_name!(in scope, "mock_private/destructors/*Own.Leave.drop", |_: &mut Own| -> u8 {
            3
        })
        .unwrap();
        assert_eq!(Own.drop(), 3);
        // Of a generic one neither path nor name tells the instance.
        let refused =
            hot::mock!(in scope, <Held<u8> as Leave>::drop, |_: &mut Held<u8>| -> u8 { 2 });
        let sentence = refused.unwrap_err().to_string();
        assert!(
            sentence.contains("*Held.Leave.drop` cannot be mocked: it is called"),
            "{sentence}"
        );
        assert_eq!(Leave::drop(&mut Held(1u8)), 1);
    }
}

/// A crate of the same name is another crate.
#[test]
fn a_crate_of_the_same_name_sees_what_is_public() {
    // SAFETY: nothing relies on what is called.
    let stranger = unsafe { Viewer::new("mock_private::vault", 1) };
    let call = |name| original_by_name::<fn() -> vault::Proof>(name, stranger).map(|call| call().0);
    assert!(is_private(call("mock_private/vault/Proof.forge")));
    assert!(is_private(call("mock_private/vault/Proof.ours")));
    assert_eq!(call("mock_private/vault/Proof.show"), Ok(6));
    assert!(is_private(forbid_from("mock_private/vault/Proof.forge", stranger)));
}

/// Generic functions of one name, of which some are hot.
mod one_name {
    use hot::{Error, hot};

    pub mod a {
        use hot::hot;
        #[hot]
        pub fn parse<T: Default>(_: &str) -> T {
            T::default()
        }
        pub fn stay<T: Default>(_: &str) -> T {
            T::default()
        }
    }
    pub mod b {
        pub fn parse<T: Default>(_: &str) -> T {
            T::default()
        }
        use hot::hot;
        #[hot]
        pub fn stay<T: Default>(_: &str) -> T {
            T::default()
        }
        #[hot]
        pub async fn load<T>(item: T) -> T {
            item
        }
    }
    pub mod c {
        pub async fn load<T>(item: T) -> T {
            item
        }
    }
    use a::parse as read;
    pub use a::parse as passed_on;

    pub struct Stack<T>(pub T);
    pub struct Pile<T>(pub T);

    pub trait Top<T> {
        fn top(&self) -> T;
        fn all(&self, _: impl Copy) -> T;
    }

    #[hot]
    impl<T: Copy> Stack<T> {
        pub fn get(&self) -> T {
            self.0
        }
    }
    impl<T: Copy> Pile<T> {
        pub fn get(&self) -> T {
            self.0
        }
    }
    #[hot]
    impl<T: Copy> Top<T> for Stack<T> {
        fn top(&self) -> T {
            self.0
        }
        fn all(&self, _: impl Copy) -> T {
            self.0
        }
    }
    impl<T: Copy> Top<T> for Pile<T> {
        fn top(&self) -> T {
            self.0
        }
        fn all(&self, _: impl Copy) -> T {
            self.0
        }
    }

    fn is_not_hot(result: Result<hot::Mock, Error>) -> bool {
        matches!(result, Err(Error::NotHot { .. }))
    }

    #[test]
    fn an_instance_is_of_its_own_function() {
        let scope = hot::scope();
        assert!(is_not_hot(hot::mock!(in scope, b::parse::<u8>, |_: &str| -> u8 { 1 })));
        assert!(is_not_hot(hot::mock!(in scope, a::stay::<u8>, |_: &str| -> u8 { 1 })));
        assert!(is_not_hot(hot::mock!(in scope, c::load::<u8>, async |item: u8| -> u8 { item })));
        assert!(is_not_hot(scope.spy(b::parse::<u8>)));
        assert!(hot::call_original(b::parse::<u8>, ("",)).is_err());
        assert!(hot::get_mock_for(b::parse::<u8>).is_err());
        hot::mock!(in scope, a::parse::<u8>, |_: &str| -> u8 { 1 }).unwrap();
        hot::mock!(in scope, b::stay::<u8>, |_: &str| -> u8 { 2 }).unwrap();
        hot::mock!(in scope, b::load::<u8>, async |item: u8| -> u8 { item }).unwrap();
        assert_eq!((a::parse::<u8>(""), b::parse::<u8>("")), (1, 0));
        assert_eq!((a::stay::<u8>(""), b::stay::<u8>("")), (0, 2));
        // By other names.
        hot::mock!(in scope, read::<u8>, |_: &str| -> u8 { 3 }).unwrap();
        assert_eq!(a::parse::<u8>(""), 3);
        hot::mock!(in scope, self::passed_on::<u16>, |_: &str| -> u16 { 4 }).unwrap();
        assert_eq!(a::parse::<u16>(""), 4);
    }

    #[test]
    fn a_method_is_of_its_own_impl() {
        let scope = hot::scope();
        assert!(is_not_hot(hot::mock!(in scope, Pile::<u8>::get, |_: &Pile<u8>| -> u8 { 1 })));
        assert!(is_not_hot(
            hot::mock!(in scope, <Pile<u8> as Top<u8>>::top, |_: &Pile<u8>| -> u8 { 1 })
        ));
        let all = hot::mock!(in scope, instance <Pile<u8> as Top<u8>>::all, |_: &Pile<u8>, _: u8| -> u8 { 1 });
        assert!(is_not_hot(all));
        hot::mock!(in scope, Stack::<u8>::get, |_: &Stack<u8>| -> u8 { 1 }).unwrap();
        hot::mock!(in scope, <Stack<u8> as Top<u8>>::top, |_: &Stack<u8>| -> u8 { 2 }).unwrap();
        hot::mock!(in scope, instance <Stack<u8> as Top<u8>>::all, |_: &Stack<u8>, _: u16| -> u8 { 3 })
            .unwrap();
        let stack = Stack(0u8);
        assert_eq!((stack.get(), stack.top(), stack.all(0u16), stack.all(0u8)), (1, 2, 3, 0));
        assert_eq!((Stack(0u16).get(), Pile(0u8).get()), (0, 0));
    }

    #[test]
    fn functions_in_functions() {
        fn outer() -> [Result<u8, Error>; 2] {
            #[hot]
            fn parse<T: Default>(_: T) -> T {
                T::default()
            }
            let scope = hot::scope();
            let hot = hot::mock!(in scope, parse::<u8>, |item: u8| -> u8 { item });
            let called = parse(1u8);
            let cold = other(&scope);
            [hot.map(|_| called), cold.map(|_| 0)]
        }
        fn other(scope: &hot::Scope) -> Result<hot::Mock, Error> {
            fn parse<T: Default>(_: T) -> T {
                T::default()
            }
            parse(1u8);
            hot::mock!(in scope, parse::<u8>, |item: u8| -> u8 { item })
        }
        let [hot, cold] = outer();
        assert_eq!(hot.unwrap(), 1);
        assert!(matches!(cold, Err(Error::NotHot { .. })), "{cold:?}");
    }
}
