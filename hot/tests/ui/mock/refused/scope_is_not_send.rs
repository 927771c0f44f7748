fn main() {
    let scope = hot::scope();
    std::thread::spawn(move || drop(scope));
}
