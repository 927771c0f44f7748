use super::*;

fn replies() -> Vec<Reply> {
    vec![
        Reply::Hello {
            protocol: PROTOCOL,
            pid: 12,
            build_id: vec![1; 20],
            functions: 3,
            patches: vec![PatchId(4)],
        },
        Reply::Loaded { id: PatchId(1), number: 9, functions: vec!["a/b".into()], micros: 55 },
        Reply::Failed { message: "no".into() },
        Reply::Left,
        Reply::Functions(vec![
            FunctionInfo {
                name: "a/b".into(),
                signature: "fn()".into(),
                file: "src/lib.rs".into(),
                line: 3,
                layer: "live".into(),
                patch: Some(PatchInfo { number: 3, id: PatchId(5), age: 1200 }),
            },
            FunctionInfo {
                name: "a/c".into(),
                signature: "fn()".into(),
                file: "src/lib.rs".into(),
                line: 4,
                layer: "original".into(),
                patch: None,
            },
        ]),
    ]
}

#[test]
fn messages_survive_the_wire() {
    for request in [Request::Load(vec![1, 2]), Request::List, Request::Leave] {
        assert_eq!(Request::from_bytes(&request.to_bytes()).unwrap(), request);
    }
    let mut wire = Vec::new();
    for reply in replies() {
        write_frame(&mut wire, &reply.to_bytes()).unwrap();
    }
    let mut from = &wire[..];
    for reply in replies() {
        let frame = read_frame(&mut from).unwrap().unwrap();
        assert_eq!(Reply::from_bytes(&frame).unwrap(), reply);
    }
    assert!(read_frame(&mut from).unwrap().is_none());
}

#[test]
fn a_cut_stream_and_a_long_frame_are_errors() {
    let mut wire = Vec::new();
    write_frame(&mut wire, b"hello").unwrap();
    for cut in 1..wire.len() {
        let error = read_frame(&mut &wire[..cut]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
    let error = read_frame(&mut &u32::MAX.to_le_bytes()[..]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn cut_messages_are_errors() {
    for reply in replies() {
        let bytes = reply.to_bytes();
        for cut in 0..bytes.len() {
            assert!(Reply::from_bytes(&bytes[..cut]).is_err(), "{reply:?} cut at {cut}");
        }
    }
}
