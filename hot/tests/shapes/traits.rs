//! Traits and types of many makes: associated types with lifetimes, services, foreign and unnamed types,
//! visitors, `async` in traits.
#![allow(unused_variables, unused_parens, unused_mut, clippy::all)]

use hot::hot;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
pub trait Lend {
    type Item<'x>
    where
        Self: 'x;
    fn next<'x>(&'x mut self) -> Option<Self::Item<'x>>;
    fn peek(&self) -> Option<Self::Item<'_>>;
}
pub struct V(Vec<u8>);
#[hot]
impl Lend for V {
    type Item<'x>
        = &'x mut [u8]
    where
        Self: 'x;
    fn next<'x>(&'x mut self) -> Option<Self::Item<'x>> {
        Some(&mut self.0)
    }
    fn peek(&self) -> Option<Self::Item<'_>> {
        None
    }
}
pub trait Svc<R> {
    type Response;
    type Error;
    type Future: Future<Output = Result<Self::Response, Self::Error>>;
    fn call(&mut self, r: R) -> Self::Future;
    fn clone_box(
        &self,
    ) -> Box<dyn Svc<R, Response = Self::Response, Error = Self::Error, Future = Self::Future> + Send>;
}
#[derive(Clone)]
pub struct S1;
#[hot]
impl<'r, B: Send + 'r> Svc<Cow<'r, [B]>> for S1
where
    [B]: ToOwned,
    <[B] as ToOwned>::Owned: Send,
{
    type Response = usize;
    type Error = ();
    type Future = Pin<Box<dyn Future<Output = Result<usize, ()>> + Send + 'r>>;
    fn call(&mut self, r: Cow<'r, [B]>) -> Self::Future {
        let n = r.len();
        Box::pin(async move { Ok(n) })
    }
    fn clone_box(
        &self,
    ) -> Box<
        dyn Svc<Cow<'r, [B]>, Response = Self::Response, Error = Self::Error, Future = Self::Future>
            + Send,
    > {
        Box::new(self.clone())
    }
}
pub trait Tag {
    fn tag(&self) -> String;
    fn pair(&self, o: &Self) -> bool {
        false
    }
    fn boxed(self: Box<Self>) -> String;
}
macro_rules! tag { ($([$($g:tt)*] $t:ty),* $(,)?) => { $(#[hot] impl<$($g)*> Tag for $t { fn tag(&self) -> String { String::new() } fn pair(&self, o: &Self) -> bool { true } fn boxed(self: Box<Self>) -> String { self.tag() } })* } }
pub trait Foo {
    fn foo(&self) {}
}
tag!([] [u8; 4], [] (u8, i8), [] fn(u8) -> u8, [] dyn Foo, ['a] Box<dyn Foo + 'a>, ['a] &'a str, [T: Debug] Option<T>, [const N: usize] [i8; N], ['a, T: 'a + Clone] Cow<'a, T>, [] str, [T] [T], ['a] dyn Fn(&u8) -> &u8 + 'a, [] for<'x> fn(&'x u8) -> &'x u8, ['a, 'b, T] HashMap<&'a T, &'b str>, [] (), [] *const u8, ['a] &'a mut V,);
pub struct X<'a, T: ?Sized>(&'a T);
#[hot]
impl<'a, T: ?Sized + Display> X<'a, T> {
    pub fn a(self: &'a Self) -> &'a T {
        self.0
    }
    pub fn b(self: &'_ Self) -> &'a T {
        self.0
    }
    pub(crate) fn c<'b, U>(self: Arc<Self>, u: &'b U) -> (&'a T, &'b U) {
        (self.0, u)
    }
    pub(in crate::traits) async fn d<'b>(&'b self) -> &'b T
    where
        'a: 'b,
    {
        self.0
    }
    pub fn e(&self) -> impl Iterator<Item = &'a T> + '_ {
        std::iter::once(self.0)
    }
    pub fn f(&self) -> impl Fn(&str) -> String + use<'_, 'a, T> {
        |s| s.to_owned()
    }
    pub const K: usize = 3;
    pub fn g(&self, x: [u8; 3]) -> [u8; 3] {
        x
    }
    pub fn h<F>(&self, f: F) -> F::Output
    where
        F: FnOnceish<Output = u8>,
    {
        f.go()
    }
    pub fn i(&self) -> &dyn Display
    where
        T: Sized,
    {
        self.0
    }
    pub unsafe fn j(&self, x: *const u8) -> u8 {
        unsafe { *x }
    }
    pub async unsafe fn k(&self, x: &u8) -> u8 {
        *x
    }
    pub extern "C" fn l(&self) -> u8 {
        1
    }
}
pub trait FnOnceish {
    type Output;
    fn go(self) -> Self::Output;
}
#[hot]
impl FnOnceish for u8 {
    type Output = u8;
    fn go(self) -> Self::Output {
        self
    }
}
#[hot]
impl<F: FnOnceish> FnOnceish for Option<F> {
    type Output = Option<<F as FnOnceish>::Output>;
    fn go(self) -> Self::Output {
        self.map(F::go)
    }
}
pub trait Asy {
    async fn a(&self, x: &str) -> String;
    async fn b<'x>(&'x mut self, x: &'x str) -> &'x str;
    fn c(&self) -> impl Future<Output = ()>;
    fn d(self: Arc<Self>) -> impl Future<Output = u8> + Send + 'static;
    fn e<'x>(&'x self, k: &'x str) -> Pin<Box<dyn Future<Output = &'x str> + Send + 'x>>;
}
#[allow(async_fn_in_trait)]
pub struct A1(u8);
#[hot]
impl Asy for A1 {
    async fn a(&self, x: &str) -> String {
        x.into()
    }
    async fn b<'x>(&'x mut self, x: &'x str) -> &'x str {
        x
    }
    async fn c(&self) {}
    async fn d(self: Arc<Self>) -> u8 {
        self.0
    }
    fn e<'x>(&'x self, k: &'x str) -> Pin<Box<dyn Future<Output = &'x str> + Send + 'x>> {
        Box::pin(async move { k })
    }
}
#[hot]
impl<T: Send + Sync + 'static> Asy for Vec<T> {
    async fn a(&self, x: &str) -> String {
        x.into()
    }
    async fn b<'x>(&'x mut self, x: &'x str) -> &'x str {
        x
    }
    async fn c(&self) {}
    fn d(self: Arc<Self>) -> impl Future<Output = u8> + Send + 'static {
        async move { 1 }
    }
    fn e<'x>(&'x self, k: &'x str) -> Pin<Box<dyn Future<Output = &'x str> + Send + 'x>> {
        Box::pin(async move { k })
    }
}
#[hot]
impl<'q> Asy for X<'q, str> {
    async fn a(&self, x: &str) -> String {
        x.into()
    }
    async fn b<'x>(&'x mut self, x: &'x str) -> &'x str {
        x
    }
    async fn c(&self) {}
    fn d(self: Arc<Self>) -> impl Future<Output = u8> + Send + 'static {
        std::future::ready(1)
    }
    fn e<'x>(&'x self, k: &'x str) -> Pin<Box<dyn Future<Output = &'x str> + Send + 'x>> {
        Box::pin(async move { k })
    }
}
pub trait Conv<T = Self> {
    fn conv(self, o: T) -> T;
    fn all(v: Vec<Self>) -> usize
    where
        Self: Sized;
}
#[hot]
impl Conv for u8 {
    fn conv(self, o: u8) -> u8 {
        o
    }
    fn all(v: Vec<Self>) -> usize {
        v.len()
    }
}
#[hot]
impl<'a> Conv<&'a str> for X<'a, str> {
    fn conv(self, o: &'a str) -> &'a str {
        o
    }
    fn all(v: Vec<Self>) -> usize {
        v.len()
    }
}
#[hot]
impl<'de> serde_like::De<'de> for V {
    fn de<D>(d: D) -> Result<Self, D::Error>
    where
        D: serde_like::Der<'de>,
    {
        Ok(V(vec![]))
    }
}
pub mod serde_like {
    pub trait De<'de>: Sized {
        fn de<D>(d: D) -> Result<Self, D::Error>
        where
            D: Der<'de>;
    }
    pub trait Der<'de>: Sized {
        type Error;
    }
    pub trait Visitor<'de>: Sized {
        type Value;
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result;
        fn visit<A: Map<'de>>(self, a: A) -> Result<Self::Value, A::Error>;
    }
    pub trait Map<'de> {
        type Error;
    }
}
pub struct Vis<'de, T>(std::marker::PhantomData<(&'de T)>);
#[hot]
impl<'de, T: serde_like::De<'de>> serde_like::Visitor<'de> for Vis<'de, T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("x")
    }
    fn visit<A>(self, mut a: A) -> Result<Self::Value, A::Error>
    where
        A: serde_like::Map<'de>,
    {
        loop {}
    }
}
#[hot]
impl<'a, 'b: 'a, T> PartialEq<X<'b, T>> for &'a V {
    fn eq(&self, o: &X<'b, T>) -> bool {
        false
    }
}
#[hot]
impl<'a, T> PartialEq<V> for X<'a, T>
where
    &'a T: Into<u8>,
{
    fn eq(&self, o: &V) -> bool {
        let n: u8 = self.0.into();
        true
    }
}
#[hot]
impl<'a, T> PartialEq<&'a T> for V
where
    &'a T: Into<u8>,
    T: ?Sized,
{
    fn eq(&self, o: &&'a T) -> bool {
        let n: u8 = (*o).into();
        true
    }
}
#[hot]
impl<T> std::str::FromStr for X<'static, T>
where
    T: 'static,
{
    type Err = Box<dyn std::error::Error>;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Err("".into())
    }
}
