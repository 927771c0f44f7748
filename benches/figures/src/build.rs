//! The first build: `hot run` until the program runs, against plain `cargo build` of the program
//! without hot functions, from nothing, dependencies included.

use crate::Options;
use crate::edit::example;
use crate::project::{Hot, Profile, Project};
use crate::table::{Goal, Row, Table, Unit};
use crate::tool::Tool;
use anyhow::{Context, Result};
use std::fs;
use std::time::Instant;

/// All of the part.
pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    one(options, table, Profile::Dev, options.samples.unwrap_or(2))?;
    if options.long {
        one(options, table, Profile::Release, options.samples.unwrap_or(3))?;
    }
    Ok(())
}

fn one(options: &Options, table: &mut Table, profile: Profile, samples: usize) -> Result<()> {
    let lay = |copy: &str, hot| {
        let folder = options.work.join("build").join(copy);
        let name = format!("first_{copy}");
        Project::lay(&folder, &folder.join("target"), &name, &example(&name, hot)?)
    };
    let (mut hots, mut plains, mut sizes) = (vec![], vec![], [vec![], vec![]]);
    for sample in 0..samples {
        eprintln!("… first build, {}, {} of {samples}", profile.name(), sample + 1);
        // Laid out afresh, and so without anything built.
        let (hot, plain) = (lay("hot", Hot::On)?, lay("plain", Hot::Off)?);
        // Who comes first changes.
        for turn in 0..2 {
            if (sample + turn) % 2 == 0 {
                let address = format!("127.0.0.1:{}", crate::server::free_port()?);
                let begun = Instant::now();
                let mut tool = Tool::run(&options.hot, &hot, profile, &["--addr", &address])?;
                tool.wait("running")?;
                hots.push(begun.elapsed().as_secs_f64());
            } else {
                plains.push(plain.build(profile)?.as_secs_f64());
            }
        }
        sizes[0].push(hot.size(profile)? as f64);
        sizes[1].push(plain.size(profile)? as f64);
        for project in [hot, plain] {
            fs::remove_dir_all(&project.target).context("failed to remove a target folder")?;
        }
    }
    let (what, goal) = (format!("the example, {}", profile.name()), Some(Goal(1.1)));
    let time = format!("{what}: `hot run` until it runs : `cargo build` without hot functions");
    table.push(Row::ratio(time, &hots, &plains, Unit::Seconds, goal));
    let size = format!("{what}: size with : without hot functions");
    table.push(Row::ratio(size, &sizes[0], &sizes[1], Unit::Bytes, goal));
    Ok(())
}
