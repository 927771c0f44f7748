//! What cargo's configuration and the caller say of the program: its environment, its runner.

use super::fixture::Fixture;
use rustix::process::Signal;
use std::process::Command;

/// The variables that are not the program's own in both.
const LEFT_OUT: [&str; 4] = ["HOT_SOCKET", "_", "SHLVL", "OLDPWD"];

/// Has the command run the program, which prints its environment.
fn environment(command: &mut Command, more: &[(&str, &str)]) -> Vec<String> {
    let output = command.envs(more.iter().copied()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let is_own = |line: &&str| !LEFT_OUT.iter().any(|name| line.starts_with(&format!("{name}=")));
    let mut lines: Vec<String> = said.lines().filter(is_own).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// `cargo run` is the oracle: whatever was said when the program was compiled.
#[test]
fn the_environment_and_the_runner_are_those_of_cargo_run() {
    let fixture =
        Fixture::new("fn main() { for (n, v) in std::env::vars() { println!(\"{n}={v}\") } }");
    let script = "fn main() { println!(\"cargo::rustc-env=OF_SCRIPT=script\"); \
                  println!(\"cargo::rustc-link-search=native={}\", std::env::var(\"OUT_DIR\").unwrap()); }";
    fixture.write("build.rs", script);
    let config = |env: &str, runner: &str| {
        let text = format!(
            "include = [\"more.toml\"]\n[env]\nOF_SCRIPT = \"no\"\nPLACE = {{ value = \"x\", \
             relative = true }}\n{env}[target.'cfg(target_os = \"linux\")']\nrunner = {runner}\n"
        );
        fixture.write(".cargo/config.toml", &text);
    };
    let both = |more: &[(&str, &str)]| {
        let mut cargo = fixture.hot(env!("CARGO"), &["run", "--quiet"]);
        let wanted = environment(&mut cargo, more);
        let hot = environment(&mut fixture.hot(env!("CARGO_BIN_EXE_hot"), &["run"]), more);
        assert_eq!(hot, wanted);
        wanted
    };
    let has = |lines: &[String], line: &str| lines.iter().any(|l| l == line);
    fixture.write(".cargo/more.toml", "[env]\nINCLUDED = \"1\"\n");
    config("FORCED = { value = \"1\", force = true }\nPLAIN = \"1\"\n", "\"env RUNNER=1\"");
    let said = both(&[("FORCED", "shell"), ("OF_SHELL", "1")]);
    for line in ["INCLUDED=1", "PLAIN=1", "FORCED=1", "OF_SCRIPT=script", "RUNNER=1", "OF_SHELL=1"]
    {
        assert!(has(&said, line), "{line}: {said:#?}");
    }
    // Nothing is compiled again for this.
    config("PLAIN = \"2\"\n", "[\"env\", \"RUNNER=2\"]");
    let said = both(&[("INCLUDED", "shell"), ("LD_LIBRARY_PATH", "/nowhere")]);
    for line in ["INCLUDED=shell", "PLAIN=2", "RUNNER=2"] {
        assert!(has(&said, line), "{line}: {said:#?}");
    }
    assert!(!has(&said, "FORCED=1") && !has(&said, "OF_SHELL=1"), "{said:#?}");
}

#[test]
fn a_change_of_the_configuration_restarts_with_the_new_values_wherever_it_is() {
    let main = "fn main() { let of = |name| std::env::var(name).unwrap_or_default(); \
                println!(\"{} {} {} {} {}\", env!(\"BAKED\"), of(\"HOME_SAYS\"), of(\"INCLUDED\"), \
                of(\"FLAG\"), of(\"LATE\")); loop { std::thread::park() } }";
    let fixture = Fixture::new(main);
    let env = |file: &str, name: &str, value: &str| {
        fixture.write(file, &format!("[env]\n{name} = \"{value}\"\n"));
    };
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("top/ws/Cargo.toml", &manifest);
    fixture.write("top/ws/src/main.rs", main);
    fixture.write("top/.cargo/config.toml", "include = [\"more.toml\"]\n[env]\nBAKED = \"1\"\n");
    env("top/.cargo/more.toml", "INCLUDED", "1");
    env("home/config.toml", "HOME_SAYS", "1");
    env("flags.toml", "FLAG", "1");
    let events = fixture.path("events.jsonl");
    let args = ["run", "--config", "../../flags.toml", "--events", events.to_str().unwrap()];
    let mut hot = fixture.hot(env!("CARGO_BIN_EXE_hot"), &args);
    hot.current_dir(fixture.path("top/ws")).env("CARGO_HOME", fixture.path("home"));
    let mut running = fixture.start_command(&mut hot);
    running.running();
    assert_eq!(running.line(), "1 1 1 1");
    let files: [(&str, &dyn Fn(), &str); 5] = [
        ("home/config.toml", &|| env("home/config.toml", "HOME_SAYS", "2"), "1 2 1 1"),
        ("top/.cargo/more.toml", &|| env("top/.cargo/more.toml", "INCLUDED", "2"), "1 2 2 1"),
        ("flags.toml", &|| env("flags.toml", "FLAG", "2"), "1 2 2 2"),
        ("top/ws/.cargo/config", &|| env("top/ws/.cargo/config", "LATE", "2"), "1 2 2 2 2"),
        (
            "top/.cargo/config.toml",
            &|| {
                let text = "include = [\"more.toml\"]\n[env]\nBAKED = \"2\"\n";
                fixture.write("top/.cargo/config.toml", text);
            },
            "2 2 2 2 2",
        ),
    ];
    for (file, write, said) in files {
        write();
        let change = running.expect("change");
        let told = change["files"][0].as_str().unwrap();
        assert!(fixture.path("top/ws").join(told) == fixture.path(file), "{file}: {change}");
        running.expect("restarted");
        assert_eq!(running.line(), said, "{file}");
    }
    // What a compiler reads of the environment is that of today, too.
    fixture.write("top/ws/src/main.rs", &main.replace("{} {} {}", "{} {}-{}"));
    running.expect("change");
    running.expect("no-effect");
    running.signal(Signal::INT);
    running.end();
}
