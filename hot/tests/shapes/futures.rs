//! Methods of traits that say `-> impl Future + Send`, futures without end, and `impl Trait` in odd places.

use hot::hot;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub trait FromRequest<S>: Sized {
    type Rejection;
    fn from_request(
        request: u8,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

#[derive(Debug, PartialEq)]
pub struct Json<T>(T);
#[derive(Debug, PartialEq)]
pub struct Plain(u8);

#[hot]
impl<S: Sync, T: From<u8> + Send> FromRequest<S> for Json<T> {
    type Rejection = ();
    async fn from_request(request: u8, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Json(request.into()))
    }
}

#[hot]
impl FromRequest<()> for Plain {
    type Rejection = ();
    async fn from_request(request: u8, _: &()) -> Result<Self, Self::Rejection> {
        Ok(Plain(request))
    }
}

/// An extension of a type, whose methods call one another.
pub trait Extract {
    fn extract<E: FromRequest<()> + 'static>(
        self,
    ) -> impl Future<Output = Result<E, E::Rejection>> + Send;
    fn extract_with<'a, E, S: Sync>(
        &'a mut self,
        state: &'a S,
    ) -> impl Future<Output = Result<E, E::Rejection>> + Send
    where
        E: FromRequest<S> + 'static;
}

#[hot]
impl Extract for u8 {
    fn extract<E: FromRequest<()> + 'static>(
        self,
    ) -> impl Future<Output = Result<E, E::Rejection>> + Send {
        E::from_request(self, &())
    }
    async fn extract_with<'a, E, S: Sync>(&'a mut self, state: &'a S) -> Result<E, E::Rejection>
    where
        E: FromRequest<S> + 'static,
    {
        E::from_request(*self, state).await
    }
}

pub trait Service {
    fn call(&self, text: impl Into<String> + Send) -> impl Future<Output = String> + Send;
    fn items(&self) -> impl Iterator<Item = u8> + Send;
}

#[hot]
impl<T: Sync> Service for Json<T> {
    async fn call(&self, text: impl Into<String> + Send) -> String {
        text.into()
    }
    fn items(&self) -> impl Iterator<Item = u8> + Send {
        [1u8].into_iter()
    }
}

#[hot]
impl Service for Plain {
    async fn call(&self, text: impl Into<String> + Send) -> String {
        text.into()
    }
    fn items(&self) -> impl Iterator<Item = u8> + Send {
        [self.0].into_iter()
    }
}

#[hot]
pub async fn forever(number: u8) -> ! {
    if number > 1 {
        panic!("{number}");
    }
    std::future::pending().await
}

#[hot]
impl Plain {
    async fn run(self) -> ! {
        forever(self.0).await
    }
}

#[hot]
pub fn sum(array: [impl Into<u64>; 2], slice: &[impl Copy + Into<u64>]) -> u64 {
    let [first, second] = array;
    first.into() + second.into() + slice[0].into()
}

#[hot]
pub fn lint(#[cfg_attr(all(), allow(unused_mut))] mut number: u8) -> u8 {
    number
}

fn poll<T>(future: impl Future<Output = T> + Send) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn calls_and_mocks() {
    assert_eq!(poll(2u8.extract::<Plain>()), Poll::Ready(Ok(Plain(2))));
    assert_eq!(poll(2u8.extract_with::<Json<u16>, _>(&1)), Poll::Ready(Ok(Json(2))));
    assert_eq!(poll(Json(1).call("a")), Poll::Ready("a".to_owned()));
    assert_eq!((sum([1u8, 2], &[3u8]), lint(1)), (6, 1));

    let scope = hot::scope();
    hot::mock!(
        in scope,
        <Json<u8> as FromRequest<u8>>::from_request,
        async |_: u8, _: &u8| -> Result<Json<u8>, ()> { Err(()) }
    )
    .unwrap();
    assert_eq!(poll(2u8.extract_with::<Json<u8>, _>(&1u8)), Poll::Ready(Err(())));
    hot::mock!(in scope, instance <Plain as Service>::call, async |_: &Plain, _: String| -> String {
        "mock".to_owned()
    })
    .unwrap();
    assert_eq!(poll(Plain(1).call(String::new())), Poll::Ready("mock".to_owned()));

    assert_eq!(poll(forever(1)), Poll::Pending);
    hot::mock!(in scope, forever, async |number: u8| -> ! { panic!("mock {number}") }).unwrap();
    hot::mock!(in scope, Plain::run, async |plain: Plain| -> ! { forever(plain.0).await }).unwrap();
    let end = std::panic::catch_unwind(|| poll(Plain(3).run())).unwrap_err();
    assert_eq!(end.downcast_ref::<String>().unwrap(), "mock 3");
}
