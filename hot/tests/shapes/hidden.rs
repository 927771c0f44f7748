//! Lifetimes that a result hides, and some that are left out beside others that are named. The types that
//! these functions have are tested in ../hidden.rs.

use hot::hot;
use std::pin::Pin;
pub struct Iter<'x>(pub &'x u8);
pub struct Span;
pub struct Key;
pub struct KeyRef<'k>(pub &'k u8);
pub struct S(u8);
#[hot]
impl S {
    fn a(&self) -> Iter {
        Iter(&self.0)
    }
    fn b(&self) -> (&u8, Iter) {
        (&self.0, Iter(&self.0))
    }
    fn c(&self, _: &str) -> (&u8, Iter) {
        (&self.0, Iter(&self.0))
    }
    fn d(&self, _: Key) -> Result<&u8, Iter> {
        Ok(&self.0)
    }
    fn e(&self, _: KeyRef) -> Result<&u8, Iter> {
        Ok(&self.0)
    }
    fn f<'a>(&'a self, _: &str) -> Iter {
        Iter(&self.0)
    }
    fn g<'a>(&self, _: &'a str) -> (Iter, &'a str) {
        (Iter(&self.0), "")
    }
    fn h<'a>(&self, k: &'a str, _: KeyRef) -> (&u8, &'a str, Iter) {
        (&self.0, k, Iter(&self.0))
    }
    fn i(self: Pin<&mut Self>, _: &str) -> Iter {
        Iter(&self.get_mut().0)
    }
    fn j(self: &Self, _: &str) -> (Iter, &u8) {
        (Iter(&self.0), &self.0)
    }
    fn k(self: Box<Self>, x: &u8) -> Iter {
        Iter(x)
    }
    fn l(x: &u8) -> (Iter, &u8) {
        (Iter(x), x)
    }
    async fn m(&self) -> Iter {
        Iter(&self.0)
    }
    async fn n(&self, _: &str) -> Iter {
        Iter(&self.0)
    }
    async fn o(&self, _: Key) -> Result<&u8, Iter> {
        Ok(&self.0)
    }
    fn p(&mut self, _: Span) -> Option<Iter<'_>> {
        Some(Iter(&self.0))
    }
    fn q<'a>(&'a self, k: &'a str) -> (Iter<'a>, &'a str) {
        (Iter(&self.0), k)
    }
    fn r(self, k: &u8) -> Iter {
        Iter(k)
    }
    fn s(&self, f: impl Fn(&u8) -> Iter) -> Iter {
        let _ = f(&self.0);
        Iter(&self.0)
    }
    fn t(&self, f: fn(&u8) -> Iter, g: Box<dyn Fn(KeyRef) -> Span>) -> (Iter, &u8) {
        let _ = g;
        f(&self.0);
        (Iter(&self.0), &self.0)
    }
    #[allow(improper_ctypes_definitions)]
    unsafe extern "C" fn u(&self, _: &str) -> Iter {
        Iter(&self.0)
    }
    fn v(self: &std::sync::Arc<Self>, _: &str) -> Iter {
        Iter(&self.0)
    }
}
pub struct P<'a>(&'a u8);
#[hot]
impl<'a> P<'a> {
    fn a(&self) -> Iter {
        Iter(self.0)
    }
    fn b(&self) -> (&u8, Iter) {
        (self.0, Iter(self.0))
    }
    fn c(&self, _: &str) -> (&u8, Iter) {
        (self.0, Iter(self.0))
    }
    fn d(&self, _: Key) -> Result<&u8, Iter> {
        Ok(self.0)
    }
    fn e(&self, _: KeyRef) -> Result<&u8, Iter> {
        Ok(self.0)
    }
    fn f<'s>(&'s self, _: &str) -> Iter {
        Iter(self.0)
    }
    fn g(&'a self) -> Iter {
        Iter(self.0)
    }
    fn h(&self) -> (Iter<'a>, Iter) {
        (Iter(self.0), Iter(self.0))
    }
    fn i(self: Pin<&mut Self>, _: &str) -> Iter {
        Iter(self.get_mut().0)
    }
    fn j(self: Box<Self>, x: &u8) -> Iter {
        Iter(x)
    }
    fn k(self, x: &u8) -> Iter {
        Iter(x)
    }
    fn kk(self, x: &u8) -> &u8 {
        x
    }
    fn l(x: &u8) -> (Iter, &u8) {
        (Iter(x), x)
    }
    fn ll(x: &'a u8) -> (Iter, &u8) {
        (Iter(x), x)
    }
    async fn m(&self) -> Iter {
        Iter(self.0)
    }
    async fn n(&self, _: &str) -> Iter {
        Iter(self.0)
    }
    async fn o(&self, _: Key) -> Result<&u8, Iter> {
        Ok(self.0)
    }
    fn p(&self) -> Span {
        Span
    }
    fn q(&self, _: Key) -> Result<&u8, Span> {
        Ok(self.0)
    }
    fn r(&self, o: Self) -> Iter {
        let _ = o;
        Iter(self.0)
    }
    fn s(&self, o: &P) -> Iter {
        let _ = o;
        Iter(self.0)
    }
    unsafe fn t(&mut self) -> (Iter, &mut Self) {
        (Iter(self.0), self)
    }
}
pub trait T {
    type O;
    fn a(&self) -> Iter;
    fn b(&self, k: &str) -> (&u8, Iter);
    fn c(self: Pin<&mut Self>, k: KeyRef) -> Iter;
    fn d(&self) -> (Self::O, Iter);
    fn e(x: &u8) -> (Iter, &u8);
}
#[hot]
impl T for S {
    type O = u8;
    fn a(&self) -> Iter {
        Iter(&self.0)
    }
    fn b(&self, _: &str) -> (&u8, Iter) {
        (&self.0, Iter(&self.0))
    }
    fn c(self: Pin<&mut Self>, _: KeyRef) -> Iter {
        Iter(&self.get_mut().0)
    }
    fn d(&self) -> (Self::O, Iter) {
        (1, Iter(&self.0))
    }
    fn e(x: &u8) -> (Iter, &u8) {
        (Iter(x), x)
    }
}
#[hot]
impl<'a> T for P<'a> {
    type O = Iter<'a>;
    fn a(&self) -> Iter {
        Iter(&self.0)
    }
    fn b(&self, _: &str) -> (&u8, Iter) {
        (&self.0, Iter(&self.0))
    }
    fn c(self: Pin<&mut Self>, _: KeyRef) -> Iter {
        Iter(&self.get_mut().0)
    }
    fn d(&self) -> (Self::O, Iter) {
        (Iter(self.0), Iter(&self.0))
    }
    fn e(x: &u8) -> (Iter, &u8) {
        (Iter(x), x)
    }
}
#[hot]
pub fn free(x: &u8) -> (Iter, &u8) {
    (Iter(x), x)
}
#[hot]
pub fn free2<'a>(x: &'a u8, y: u8) -> (Iter, &u8, Iter<'a>) {
    let _ = y;
    (Iter(x), x, Iter(x))
}
#[hot]
pub async fn free3(x: &u8) -> (Iter, &u8) {
    (Iter(x), x)
}
#[hot]
pub fn free4(x: KeyRef) -> Iter {
    let _ = x;
    Iter(&1)
}
#[hot]
pub fn free5(x: KeyRef) -> &u8 {
    x.0
}
