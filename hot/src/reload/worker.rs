//! The reloader's thread: chooses the source and works it off.

use super::reloader::{FOLDER_VARIABLE, Reloader, SOCKET_VARIABLE};
use super::report::Report;
use super::stop::Stop;
use super::turn::Turn;
use super::{folder, own_thread, stdin};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the patches come from.
#[derive(Debug, PartialEq, Eq)]
enum Input {
    Socket(PathBuf),
    Folder(PathBuf),
    Stdin,
}

/// Works until the input ends or `stop` is asked for.
pub(super) fn work(reloader: &Reloader, stop: &Arc<Stop>) {
    own_thread::mark();
    crate::load::announce();
    let ended = match Turn::take(stop) {
        None if stop.requested() => Ok(()),
        None => Err("another reloader works in this process already; start only one, with \
             `reloader_loop` or with `spawn_reloader`"
            .to_owned()),
        Some(_turn) => {
            let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
            match choose(reloader, variable(SOCKET_VARIABLE), variable(FOLDER_VARIABLE)) {
                Err(message) => Err(message),
                Ok(Input::Socket(path)) => run_socket(reloader, stop, &path),
                Ok(Input::Folder(path)) => {
                    folder::run(reloader, stop, &path);
                    Ok(())
                }
                Ok(Input::Stdin) => stdin::run(reloader, stop),
            }
        }
    };
    if let Err(message) = ended {
        reloader.report(&Report::Ended { message });
    }
}

/// Returns the first source that applies. A folder or stdin only when they are trusted: this is the
/// one gate on the way of a path to [`super::apply`].
fn choose(
    reloader: &Reloader,
    socket: Option<OsString>,
    folder: Option<OsString>,
) -> Result<Input, String> {
    if let Some(socket) = socket.filter(|_| reloader.socket) {
        return Ok(Input::Socket(socket.into()));
    }
    let input = match folder.filter(|_| reloader.folder) {
        Some(folder) => Input::Folder(folder.into()),
        None if reloader.stdin => Input::Stdin,
        None => {
            return Err(format!(
                "there is nowhere to take patches from: start the program with `hot run`, which \
                 sets {SOCKET_VARIABLE}, or name a folder in {FOLDER_VARIABLE}, as the program \
                 allows"
            ));
        }
    };
    if reloader.paths_trusted {
        return Ok(input);
    }
    Err("no patches are taken, since this is a build without debug assertions and `hot run` did \
         not start it; to take them from a folder or from stdin here too, set the reloader up \
         with `Reloader::trust_paths`"
        .to_owned())
}

#[cfg(unix)]
fn run_socket(reloader: &Reloader, stop: &Stop, path: &std::path::Path) -> Result<(), String> {
    super::socket::run(reloader, stop, path)
}

#[cfg(not(unix))]
fn run_socket(_: &Reloader, _: &Stop, _: &std::path::Path) -> Result<(), String> {
    Err(format!("{SOCKET_VARIABLE} is set, but control sockets exist on Unix only"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reload::reloader::Source;

    #[test]
    fn socket_then_folder_then_stdin() {
        let (socket, folder) = (|| Some("/s".into()), || Some("/f".into()));
        // SAFETY: nothing is loaded here.
        let trusting = unsafe { Reloader::new().trust_paths() };
        let chosen = |reloader: &Reloader, s, f| choose(reloader, s, f).unwrap();
        assert_eq!(chosen(&trusting, socket(), folder()), Input::Socket("/s".into()));
        assert_eq!(chosen(&trusting, None, folder()), Input::Folder("/f".into()));
        assert_eq!(chosen(&trusting, None, None), Input::Stdin);

        let no_socket = trusting.clone().sources([Source::Folder]);
        assert_eq!(chosen(&no_socket, socket(), folder()), Input::Folder("/f".into()));
        let nowhere = choose(&no_socket, socket(), None).unwrap_err();
        assert!(nowhere.contains("HOT_WATCH"), "{nowhere}");
    }

    #[test]
    fn paths_must_be_trusted_but_the_socket_need_not_be() {
        // A release build is wary unless it is set otherwise.
        let mut wary = Reloader::new();
        assert_eq!(wary.paths_trusted, cfg!(debug_assertions));
        wary.paths_trusted = false;
        for folder in [None, Some("/f".into())] {
            let refusal = choose(&wary, None, folder).unwrap_err();
            assert!(refusal.contains("Reloader::trust_paths"), "{refusal}");
        }
        assert_eq!(choose(&wary, Some("/s".into()), None), Ok(Input::Socket("/s".into())));
    }
}
