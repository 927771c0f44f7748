//! Which machine it was, and when.

use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// `2026-11-21, AMD EPYC (2 cores), Linux 6.1.0, rustc 1.95.0 (…)`.
pub fn describe() -> Result<String> {
    let output = |program: &str, args: &[&str]| -> Result<String> {
        let output = Command::new(program).args(args).output();
        let output = output.with_context(|| format!("failed to run {program}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let cpus = fs::read_to_string("/proc/cpuinfo").context("failed to read /proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, model)| model);
    Ok(format!(
        "{}, {model} ({} cores), {}, {}",
        output("date", &["+%Y-%m-%d"])?,
        std::thread::available_parallelism()?,
        output("uname", &["-sr"])?,
        output("rustc", &["-V"])?,
    ))
}

/// Size of the largest cache in bytes; 64 MiB where the system does not say.
pub fn largest_cache() -> usize {
    (0..8)
        .filter_map(|n| {
            let file = format!("/sys/devices/system/cpu/cpu0/cache/index{n}/size");
            fs::read_to_string(file).ok()?.trim().strip_suffix('K')?.parse::<usize>().ok()
        })
        .max()
        .map_or(64 << 20, |kib| kib << 10)
}
