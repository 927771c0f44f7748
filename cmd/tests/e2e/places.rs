//! Where a project may lie, and what its files may say of their time.

use crate::{
    project::{PLAIN, Project},
    session::Session,
};
use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

/// Reached through a link, with spaces and other letters in the path; saved through the link and
/// past it. Its files are of any age.
#[test]
fn a_project_behind_a_link_with_other_letters_whose_files_tell_any_time() {
    let mut folder = PathBuf::new();
    let mut project = Project::lay_where(&PLAIN, |place| {
        folder = place.join("Grüße & 世界 (1)");
        let link = place.join("über einen link");
        fs::create_dir_all(&folder).expect("a folder");
        // Left by the last run, or not there.
        let _ = fs::remove_file(&link);
        symlink(&folder, &link).expect("a link");
        link
    });
    let real = folder;
    project.reach_target_through("Ziel für (alles)");
    let desk = real.join("a desk");
    // Left by the last run, or not there.
    let _ = fs::remove_file(&desk);
    symlink("desk", &desk).expect("a link");
    project.replace("Cargo.toml", &[("\"../desk\"", "\"../a desk\"")]);
    let day = Duration::from_secs(86_400);
    let tomorrow = SystemTime::now() + day;
    let manifest = project.manifest();
    set_time(&manifest, tomorrow);

    let copy = PLAIN.copies[0];
    let price = copy.file("price.rs");
    let path = project.root().join(&price);
    let mut session = Session::start_in(project);
    let swapped = copy.function("price/price");
    let ask = |session: &mut Session, factor: u64, asked: u64| {
        session.expect("main binary price 1", &format!("{factor} asked={asked}"));
    };
    ask(&mut session, 10, 1);
    // A manifest that is not due yet has not changed.
    let outcome = session.live(&price, &[("units * 10", "units * 11")]);
    outcome.swapped_only(&swapped);
    let changes = session.tool.events().iter().filter(|event| event["event"] == "change");
    let files: Vec<_> = changes.map(|change| change["files"].clone()).collect();
    assert_eq!(files, [serde_json::json!([price])]);
    ask(&mut session, 11, 2);

    // Past the link.
    let past = fs::canonicalize(&path).expect("a file");
    assert!(past.starts_with(fs::canonicalize(&real).expect("a folder")) && past != path);
    let text = session.project.read(&price).replace("units * 11", "units * 12");
    fs::write(&past, text).expect("the file to be written");
    let outcome = session.applied();
    outcome.swapped_only(&swapped);
    ask(&mut session, 12, 3);

    // A package behind a link: its files have two names. A save without a change is none, while errors
    // stand either. Else there would be an event more than `edit` expects.
    let other = "../a desk/src/lib.rs";
    session.edit(other, &[("n * 9", "n * \"nine\"")]);
    assert_eq!(session.outcome().event["event"], "compile-error");
    let text = session.project.read(other);
    for file in [real.join("desk/src/lib.rs"), session.project.root().join(other)] {
        fs::write(file, &text).expect("the file to be written");
        thread::sleep(Duration::from_millis(300));
    }
    session.edit(other, &[("n * \"nine\"", "n * 9")]);
    assert_eq!(session.outcome().event["event"], "no-effect");

    // The same time as before, tomorrow, and the first of all.
    let before = fs::metadata(&path).and_then(|m| m.modified()).expect("a time");
    for (factor, time) in [(13, before), (14, tomorrow), (15, SystemTime::UNIX_EPOCH)] {
        let (old, new) = (format!("units * {}", factor - 1), format!("units * {factor}"));
        session.project.replace(&price, &[(&old, &new)]);
        set_time(&path, time);
        let outcome = session.applied();
        outcome.swapped_only(&swapped);
        ask(&mut session, factor, factor - 9);
    }
    session.check();

    // Cargo goes by times, and takes a source that old for built. It must not.
    session.edit("Cargo.toml", &[("version = \"0.1.0\"", "version = \"0.2.0\"")]);
    let outcome = session.outcome();
    session.begun_anew(&outcome.event);
    ask(&mut session, 15, 1);
    session.live(&price, &[("units * 15", "units * 16")]).swapped_only(&swapped);
    session.finish();
}

fn set_time(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).expect("a file");
    file.set_modified(time).expect("a time");
}

/// A folder that goes with the test.
struct Elsewhere(PathBuf);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // It is in memory, and small.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_project_on_another_file_system_than_its_target_folder() {
    let folder = format!("/dev/shm/hot-e2e-{}", std::process::id());
    let elsewhere = Elsewhere(folder.into());
    if fs::create_dir(&elsewhere.0).is_err() {
        println!("there is no /dev/shm: not tried on another file system");
        return;
    }
    let device = |path: &Path| fs::metadata(path).expect("a folder").dev();
    let project = Project::lay_where(&PLAIN, |place| {
        if device(place) == device(&elsewhere.0) {
            println!("/dev/shm is no other file system");
        }
        elsewhere.0.clone()
    });
    let copy = PLAIN.copies[0];
    let price = copy.file("price.rs");
    let mut session = Session::start_in(project);
    // Saved by a rename, then in place.
    for (old, new) in [("units * 10", "units * 11"), ("units * 11", "units * 12")] {
        session.live(&price, &[(old, new)]).swapped_only(&copy.function("price/price"));
    }
    session.expect("main binary price 1", "12 asked=1");
    session.finish();
}
