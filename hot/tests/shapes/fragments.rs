//! Functions out of `macro_rules!`, whose fragments come in invisible marks.

use hot::hot;
pub struct A(pub u8);
pub struct B(pub u8);
pub struct C<'a>(pub &'a u8);
macro_rules! fmt { ($($t:path => $s:ty),*) => { $(#[hot] impl $t for $s { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}", self.0) } })* } }
fmt!(std::fmt::Display => A, std::fmt::Debug => A, std::fmt::LowerHex => B, std::fmt::Display => C<'_>);
macro_rules! drops {
    ($t:path, $s:ty) => {
        #[hot]
        impl $t for $s {
            fn drop(&mut self) {}
        }
    };
}
drops!(::core::ops::Drop, A);
drops!(Drop, C<'_>);
#[hot]
impl ::core::ops::Drop for B {
    fn drop(&mut self) {}
}
pub struct G<T>(pub T);
#[hot]
impl<T> ::core::ops::Drop for G<T> {
    fn drop(&mut self) {}
}
macro_rules! whole { ($(#[$m:meta])* $vis:vis fn $name:ident ($($p:pat => $ty:ty),*) -> $r:ty $body:block) => { #[hot] $(#[$m])* $vis fn $name($($p: $ty),*) -> $r $body } }
whole!(/// doc
 pub fn w1(a => u8, (b, _) => (u8, u8), [c, ..] => [u8; 2]) -> u8 { a + b + c });
whole!(fn w2(a => &'static str, _ => ()) -> &'static str { a });
macro_rules! item {
    ($i:item) => {
        #[hot]
        $i
    };
}
item!(
    pub fn i1(x: &str) -> &str {
        x
    }
);
item!(impl A { pub fn m(&self) -> u8 { self.0 } pub fn o(self) -> u8 { self.0 } });
item!(impl Clone for A { fn clone(&self) -> Self { A(self.0) } });
macro_rules! lt { ($lt:lifetime, $t:ident, $f:expr, $n:literal) => { #[hot] impl<$lt> C<$lt> { pub fn get(&self) -> &$lt u8 { let _ = ($f, $n); self.0 } pub fn n(&self, x: [u8; $n]) -> [u8; $n] { x } } #[hot] impl<$lt> From<&$lt u8> for $t { fn from(x: &$lt u8) -> Self { $t(*x) } } } }
lt!('a, B, 1 + 1, 3);
macro_rules! conv { ($($a:ty),* => $b:ty) => { $(#[hot] impl From<$a> for $b { fn from(a: $a) -> Self { let _ = a; A(1) } } #[hot] impl PartialEq<$a> for $b { fn eq(&self, _: &$a) -> bool { false } })* } }
conv!(u8, &str, Vec<u8>, &[u8], Box<dyn Fn(&u8) -> u8 + Send> => A);
macro_rules! ops {
    ($tr:ident $f:ident, $t:ty, $o:ty) => {
        #[hot]
        impl std::ops::$tr<$o> for $t {
            type Output = $t;
            fn $f(self, o: $o) -> Self::Output {
                let _ = &o;
                self
            }
        }
        #[hot]
        impl<'x> std::ops::$tr<&'x $o> for $t {
            type Output = $t;
            fn $f(self, _: &'x $o) -> Self::Output {
                self
            }
        }
    };
}
ops!(Add add, A, u16);
ops!(Sub sub, B, B);
macro_rules! genr {
    ($t:ident: $b:path, $s:ty) => {
        #[hot]
        impl<$t: $b> AsRef<$t> for $s {
            fn as_ref(&self) -> &$t {
                &self.0
            }
        }
    };
}
genr!(T: Copy, G<T>);
macro_rules! abi { ($abi:literal, $n:ident) => { #[hot] pub unsafe extern $abi fn $n(x: u8) -> u8 { x } } }
abi!("C", c1);
abi!("Rust", c2);
abi!("system", c3);
macro_rules! selfm { ($self:ident, $b:block) => { #[hot] impl G<u8> { pub fn sm(&$self) -> u8 $b pub fn sn(mut $self: Box<Self>) -> u8 { $self.0 += 1; $self.0 } } } }
selfm!(self, { self.0 });
macro_rules! modm { ($m:ident, $($i:item)*) => { #[hot] pub mod $m { use super::*; $($i)* } } }
modm!(inner, pub fn f(a: &A) -> u8 { a.0 } impl B { pub fn k(self: &Self) -> u8 { self.0 } });
macro_rules! tr {
    ($p:path) => {
        #[hot]
        impl $p for str {
            type Out = u8;
            fn out(&self, _: [u8; 3]) -> Option<Self::Out> {
                None
            }
        }
    };
}
pub mod traits {
    pub trait Tr<X> {
        type Out;
        fn out(&self, x: X) -> Option<Self::Out>;
    }
}
tr!(traits::Tr<[u8; 3]>);
