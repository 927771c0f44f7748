//! Functions that are forbidden, by patterns.

use super::*;

#[test]
fn patterns_forbid() {
    let scope = hot::scope();
    let forbidden =
        scope.forbid("mock_scope/net/*").unwrap().allow("mock_scope::net::ping").unwrap();
    let mut names: Vec<_> = forbidden.names().collect();
    names.sort();
    assert_eq!(names, ["mock_scope/net/http/decode", "mock_scope/net/http/get"]);
    assert!(net::ping());
    assert_eq!(std::thread::spawn(|| net::http::get("four")).join().unwrap(), 4);
    let text = fails(|| assert_eq!(net::http::decode::<u8>(b""), 0));
    let text = unplaced(&text);
    assert_eq!(text, "`mock_scope/net/http/decode` was called, which is forbidden here");
    forbidden.lift();
    assert_eq!(net::http::decode::<u16>(b""), 0);
    // The call above was forbidden, caught or not.
    assert!(fails(std::panic::AssertUnwindSafe(|| drop(scope))).contains("net/http/decode"));
    let error = hot::forbid("mock_scope/ner/ping").unwrap_err().to_string();
    assert!(
        error.starts_with(
            "no hot function fits `mock_scope/ner/ping`; did you mean `mock_scope/net/ping`"
        ),
        "{error}"
    );
}
