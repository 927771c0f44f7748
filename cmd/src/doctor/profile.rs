//! The settings of a profile in the workspace's manifest.
//!
//! A profile inherits from another, down to `dev` or `release`, whose defaults are cargo's. A
//! variable of the environment (`CARGO_PROFILE_DEV_DEBUG`) goes before.

use super::finding::Finding;
use std::path::Path;
use toml::{Table, Value};

/// Looks at the settings of a profile that edits depend on.
pub fn profile(root: &Path, name: &str) -> Vec<Finding> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let manifest = text.parse::<Table>().unwrap_or_default();
    let environment = |profile: &str, key: &str| {
        let variable = |word: &str| word.to_uppercase().replace('-', "_");
        std::env::var(format!("CARGO_PROFILE_{}_{}", variable(profile), variable(key))).ok()
    };
    judge(name, |key| setting(&manifest, name, key, &environment))
}

/// The setting as text; empty when it is cargo's default and that is harmless.
fn setting(
    manifest: &Table,
    name: &str,
    key: &str,
    environment: &dyn Fn(&str, &str) -> Option<String>,
) -> String {
    let profiles = manifest.get("profile").and_then(Value::as_table);
    let mut name = name.to_owned();
    // A profile that inherits from itself is cargo's to complain of.
    for _ in 0..8 {
        if let Some(value) = environment(&name, key) {
            return value;
        }
        let profile = profiles.and_then(|p| p.get(&name)).and_then(Value::as_table);
        match profile.and_then(|profile| profile.get(key)) {
            Some(Value::String(text)) => return text.clone(),
            Some(Value::Boolean(on)) => return on.to_string(),
            Some(Value::Integer(number)) => return number.to_string(),
            Some(_) => return String::new(),
            None => {}
        }
        let heir = profile.and_then(|profile| profile.get("inherits")).and_then(Value::as_str);
        name = match (heir, name.as_str()) {
            (Some(parent), _) => parent.to_owned(),
            (None, "test") => "dev".to_owned(),
            (None, "bench") => "release".to_owned(),
            _ => break,
        };
    }
    let default = match (key, name.as_str()) {
        ("debug", "dev") => "true",
        ("debug", _) => "false",
        ("opt-level", "dev") => "0",
        ("opt-level", _) => "3",
        ("lto", _) => "false",
        ("strip", _) => "none",
        _ => "",
    };
    default.to_owned()
}

fn judge(name: &str, setting: impl Fn(&str) -> String) -> Vec<Finding> {
    const WHAT: &str = "profile";
    let said = |key: &str| format!("`{name}` has {key} = {}", setting(key));
    let change = |key: &str, to: &str| format!("set {key} = {to} in [profile.{name}]");
    let mut findings = Vec::new();
    if !matches!(setting("lto").as_str(), "false" | "off") {
        findings.push(Finding::prevents(WHAT, said("lto"), change("lto", "false")));
    }
    if setting("panic") == "abort" {
        findings.push(Finding::prevents(WHAT, said("panic"), change("panic", "\"unwind\"")));
    }
    match setting("strip").as_str() {
        "true" | "symbols" => {
            findings.push(Finding::prevents(WHAT, said("strip"), change("strip", "\"none\"")));
        }
        "debuginfo" => {
            findings.push(Finding::concern(WHAT, said("strip"), change("strip", "\"none\"")));
        }
        _ => {}
    }
    if !matches!(setting("debug").as_str(), "2" | "true" | "full") {
        let todo = format!(
            "{}: without it less is checked, and a type that changes inside is not seen",
            change("debug", "true")
        );
        findings.push(Finding::concern(WHAT, said("debug"), todo));
    }
    if findings.is_empty() {
        let level = setting("opt-level");
        let found = format!("`{name}`, full debug information, no LTO, opt-level {level}");
        findings.push(Finding::good(WHAT, found));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Health;
    use super::*;

    fn found(manifest: &str, name: &str) -> Vec<(Health, String)> {
        let manifest = manifest.parse::<Table>().unwrap();
        let none = |_: &str, _: &str| None;
        judge(name, |key| setting(&manifest, name, key, &none))
            .into_iter()
            .map(|finding| (finding.health, finding.found))
            .collect()
    }

    #[test]
    fn the_default_of_dev_is_good() {
        let found = found("", "dev");
        assert_eq!(found.len(), 1);
        assert!(found[0].0 == Health::Good && found[0].1.contains("opt-level 0"), "{found:?}");
    }

    #[test]
    fn each_setting_that_stands_in_the_way_is_named() {
        for (setting, health) in [
            ("lto = \"thin\"", Health::Prevents),
            ("lto = true", Health::Prevents),
            ("panic = \"abort\"", Health::Prevents),
            ("strip = true", Health::Prevents),
            ("strip = \"debuginfo\"", Health::Concern),
            ("debug = 1", Health::Concern),
        ] {
            let found = found(&format!("[profile.dev]\n{setting}\n"), "dev");
            let key = setting.split(' ').next().unwrap();
            assert!(found.len() == 1 && found[0].0 == health, "{setting}: {found:?}");
            assert!(found[0].1.contains(key), "{found:?}");
        }
    }

    #[test]
    fn a_profile_inherits_and_the_environment_goes_before() {
        let manifest =
            "[profile.fast]\ninherits = \"dev\"\nopt-level = 2\n[profile.dev]\nlto = true";
        assert_eq!(found(manifest, "fast")[0].0, Health::Prevents);
        let manifest = manifest.parse::<Table>().unwrap();
        let variable =
            |profile: &str, key: &str| ((profile, key) == ("dev", "lto")).then(|| "off".to_owned());
        assert_eq!(setting(&manifest, "fast", "lto", &variable), "off");
        assert_eq!(setting(&manifest, "fast", "opt-level", &variable), "2");
        assert_eq!(setting(&manifest, "release", "debug", &variable), "false");
    }
}
