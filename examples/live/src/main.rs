//! A server that is changed while it runs.
//!
//! Start it with `./run.sh` at the root of the repository, then edit `src/counter.rs`: the next
//! request is answered by the new code, and the counter goes on from where it was.

mod counter;

use axum::{Router, extract::State, routing::get};
use counter::Counter;
use std::{net::SocketAddr, process::ExitCode, sync::Arc};
use tokio::net::TcpListener;

/// Where the server listens unless `--addr` says otherwise.
const ADDRESS: &str = "127.0.0.1:8080";

#[tokio::main]
async fn main() -> ExitCode {
    let address = match address(std::env::args().skip(1)) {
        Ok(address) => address,
        Err(why) => {
            eprintln!("live: {why}\nusage: live [--addr ADDRESS:PORT]   (default {ADDRESS})");
            return ExitCode::from(2);
        }
    };
    match serve(address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("live: failed to serve on {address}: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: SocketAddr) -> std::io::Result<()> {
    tokio::spawn(hot::reloader_loop());

    let router = Router::new()
        .route("/increment", get(async |State(c): State<Arc<Counter>>| c.increment()))
        .route("/get", get(async |State(c): State<Arc<Counter>>| c.get()))
        .with_state(Arc::new(Counter::default()));

    let listener = TcpListener::bind(address).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await
}

/// The address among the program's arguments.
fn address(mut arguments: impl Iterator<Item = String>) -> Result<SocketAddr, String> {
    let text = match arguments.next().as_deref() {
        None => ADDRESS.to_owned(),
        Some("--addr") => arguments.next().ok_or("--addr needs an address")?,
        Some(other) => match other.strip_prefix("--addr=") {
            Some(text) => text.to_owned(),
            None => return Err(format!("unknown argument `{other}`")),
        },
    };
    if let Some(more) = arguments.next() {
        return Err(format!("unknown argument `{more}`"));
    }
    text.parse().map_err(|_| format!("`{text}` is not an address such as {ADDRESS}"))
}
