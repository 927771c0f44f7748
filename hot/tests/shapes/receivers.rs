//! Receivers with a type, in impl blocks of traits most of all.

use hot::hot;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

pub trait Receivers {
    fn boxed(self: Box<Self>) -> u8;
    fn arc(self: Arc<Self>) -> u8;
    fn rc(self: Rc<Self>) -> u8;
    fn reference(self: &Self) -> u8;
    fn exclusive(self: &mut Self) -> &mut u8;
    fn behind_arc(self: &Arc<Self>) -> u8;
    fn pinned(self: Pin<&Self>) -> &u8;
    fn pinned_box(self: Pin<Box<Self>>, other: &Self) -> bool;
    fn other_borrow<'t>(self: Box<Self>, text: &'t str) -> &'t str;
}

macro_rules! receivers {
    ([$($generics:tt)*] $ty:ty) => {
        #[hot]
        impl<$($generics)*> Receivers for $ty {
            fn boxed(self: Box<Self>) -> u8 {
                self.0
            }
            fn arc(self: Arc<Self>) -> u8 {
                self.0
            }
            // The type by its name.
            fn rc(self: Rc<$ty>) -> u8 {
                self.0
            }
            fn reference(self: &Self) -> u8 {
                self.0
            }
            fn exclusive(self: &mut $ty) -> &mut u8 {
                &mut self.0
            }
            fn behind_arc(self: &Arc<Self>) -> u8 {
                self.0
            }
            fn pinned(self: Pin<&Self>) -> &u8 {
                &self.get_ref().0
            }
            fn pinned_box(self: Pin<Box<Self>>, other: &Self) -> bool {
                self.0 == other.0
            }
            fn other_borrow<'t>(self: Box<Self>, text: &'t str) -> &'t str {
                text
            }
        }
    };
}

pub struct Plain(u8);
pub struct Generic<T>(u8, T);
pub struct Borrowing<'a>(u8, &'a str);
receivers!([] Plain);
receivers!([T] Generic<T>);
receivers!(['a] Borrowing<'a>);

#[hot]
impl Plain {
    fn by_value(self: Self) -> u8 {
        self.0
    }
    fn changed(mut self: Box<Self>) -> u8 {
        self.0 += 1;
        self.0
    }
}

pub trait Unsized {
    fn boxed(self: Box<Self>) -> usize;
    fn rc(self: Rc<Self>) -> usize;
    fn by_value(self) -> usize
    where
        Self: Sized,
    {
        0
    }
}

#[hot]
impl Unsized for str {
    fn boxed(self: Box<Self>) -> usize {
        self.len()
    }
    fn rc(self: Rc<str>) -> usize {
        self.len()
    }
}

#[hot]
impl Future for Plain {
    type Output = u8;
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0 += 1;
        Poll::Ready(self.0)
    }
}

#[hot]
impl<T: Copy + Unpin> Future for Generic<T> {
    type Output = T;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        Poll::Ready(self.1)
    }
}

#[test]
fn mocks() {
    let scope = hot::scope();
    hot::mock!(in scope, <Plain as Receivers>::rc, |_: Rc<Plain>| -> u8 { 9 }).unwrap();
    hot::mock!(
        in scope,
        <Plain as Future>::poll,
        |_: Pin<&mut Plain>, _: &mut Context<'_>| -> Poll<u8> { Poll::Pending }
    )
    .unwrap();
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert_eq!(Rc::new(Plain(1)).rc(), 9);
    assert_eq!(Pin::new(&mut Plain(1)).poll(&mut context), Poll::Pending);
    assert_eq!(Box::new(Plain(1)).boxed() + Plain(2).by_value() + Box::new(Plain(1)).changed(), 5);
    assert_eq!(Box::<str>::from("ab").boxed(), 2);
}
