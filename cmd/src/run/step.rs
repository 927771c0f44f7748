//! The transitions of a session: from a state and an input to the next state and what is to be
//! done.
//!
//! Nothing here looks at the world. What an action finds out comes back as an input.

use super::action::Action;
use super::input::Input;
use super::state::{Mode, NOTHING, Phase, Policy, RestartReason, STOPPED, Startup, State};
use crate::keys::{self, Key};
use crate::refusal::{Detail, Refusal};
use crate::show::Next;
use crate::show::terminal::ended;

/// Returns the state that follows, and what is to be done, in this order.
pub fn step(state: State, input: Input, policy: &Policy) -> (State, Vec<Action>) {
    if let Phase::Over(_) = state.phase {
        return (state, Vec::new());
    }
    match input {
        Input::Key(key) => on_key(state, key, policy),
        Input::Stop { by_terminal } => (over(state, STOPPED), vec![Action::Stop { by_terminal }]),
        Input::RestartNeeded(reason) => on_restart_needed(state, reason, policy),
        Input::Refused { why, details, dying } => on_refused(state, why, details, dying, policy),
        Input::Ended { status, pid } => on_ended(state, status, pid, policy),
        Input::Stopped => (over(state, STOPPED), Vec::new()),
        input => on_program(state, input, policy),
    }
}

/// Steps through the life of the program.
fn on_program(state: State, input: Input, policy: &Policy) -> (State, Vec<Action>) {
    let State { phase, mode } = state;
    let stay = |phase, actions| (State { phase, mode: mode.clone() }, actions);
    let catch_up = || (mode == Mode::Live).then_some(Action::CatchUp);
    match (phase, input) {
        (phase, Input::Begin) => {
            let first = if policy.by_command { Action::Launch } else { Action::BuildFirst };
            stay(phase, vec![first])
        }
        (Phase::Unbuilt, Input::NotBuilt) if policy.wait => {
            stay(Phase::Unbuilt, vec![Action::Note("waiting for a fix")])
        }
        (Phase::Unbuilt, Input::NotBuilt) => stay(Phase::Over(NOTHING), Vec::new()),
        (Phase::Unbuilt, Input::Files(touched)) => {
            stay(Phase::Unbuilt, vec![Action::LookForFix(touched)])
        }
        (Phase::Unbuilt, Input::Fixed) => stay(Phase::Unbuilt, vec![Action::BuildFirst]),
        (phase, Input::Started) => {
            let first = phase == Phase::Unbuilt;
            // What the dry run held back is part of the new build.
            let state = State { phase: Phase::Running(None), mode: settled(mode) };
            (state, first.then_some(Action::ReadKeys).into_iter().collect())
        }
        (phase, Input::Launched(startup)) => {
            let first = phase == Phase::Unbuilt;
            stay(Phase::Starting(startup), first.then_some(Action::ReadKeys).into_iter().collect())
        }
        (phase, Input::NotRestarted { why, runs }) => {
            let phase = match phase {
                Phase::Running(_) if runs => Phase::Running(Some(why)),
                Phase::Between(_) if runs => Phase::Between(why),
                _ => Phase::Waiting(why),
            };
            stay(phase, Vec::new())
        }

        (phase @ Phase::Starting(_), Input::Files(touched)) => {
            stay(phase, vec![Action::Hold(touched)])
        }
        (
            phase @ (Phase::Running(_) | Phase::Between(_) | Phase::Waiting(_)),
            Input::Files(touched),
        )
        | (phase @ Phase::Starting(_), Input::NotHeld(touched)) => {
            stay(phase, vec![Action::Save(touched)])
        }

        (
            phase @ (Phase::Starting(_) | Phase::Running(_) | Phase::Between(_)),
            Input::Connected,
        ) => {
            let greet = policy.by_command.then_some(Action::Greet);
            stay(phase, greet.into_iter().chain(catch_up()).collect())
        }
        (phase @ Phase::Starting(_), Input::HelloTimeout(pid)) => {
            stay(phase, vec![Action::Adopt(pid), Action::WarnNotListening])
        }
        (phase, Input::Adopted { pid, reported }) => {
            let report = match &phase {
                Phase::Starting(startup) => Action::report(startup, pid),
                _ if reported => {
                    let why = "the command has started it again".to_owned();
                    vec![Action::ReportRestarted { pid, why }]
                }
                _ => Vec::new(),
            };
            let state = State { phase: Phase::Running(None), mode: settled(mode) };
            let actions = [vec![Action::Settle], report, vec![Action::ReplayHeld]].concat();
            (state, actions)
        }
        (phase @ Phase::Running(_), Input::BaselineRead) => stay(phase, vec![Action::Announce]),
        (phase @ Phase::Running(_), Input::Overdue) => stay(phase, vec![Action::WarnNotListening]),
        (phase @ Phase::Running(_), Input::ChildExited(pid)) => {
            stay(phase, vec![Action::Lose(pid)])
        }
        (Phase::Running(_), Input::Lost) => {
            stay(Phase::Between("the program had ended".to_owned()), Vec::new())
        }
        (phase @ (Phase::Starting(_) | Phase::Running(_) | Phase::Between(_)), Input::Exited) => {
            stay(phase, vec![Action::Reap])
        }

        // Of a program that is not there any more, or was not awaited.
        (phase, _) => stay(phase, Vec::new()),
    }
}

/// Steps after a key.
fn on_key(state: State, key: Key, policy: &Policy) -> (State, Vec<Action>) {
    let actions = match key {
        Key::Restart => {
            let why = "asked for by key".to_owned();
            vec![if policy.restart {
                Action::Restart { why, refused: None }
            } else {
                Action::refuse(RestartReason { kind: Refusal::Restart, why }, false)
            }]
        }
        Key::Clear => vec![Action::Clear],
        Key::Verbose => vec![Action::ToggleVerbose],
        Key::Help => vec![Action::Note(keys::HELP)],
        Key::Off => vec![Action::Note("keys are off: the program reads the terminal")],
        Key::Quit => return (over(state, STOPPED), vec![Action::Stop { by_terminal: false }]),
        Key::DryRun => return toggle_dry_run(state),
    };
    (state, actions)
}

/// Begins or ends the dry run. At its end, what was held back is one change, and goes the way of
/// any other.
fn toggle_dry_run(state: State) -> (State, Vec<Action>) {
    const BEGINS: &str = "dry run: saves are judged, nothing is loaded (d ends it)";
    let (mode, actions) = match state.mode {
        Mode::Live => (Mode::DryRun { held: None }, vec![Action::Note(BEGINS)]),
        Mode::DryRun { held: None } => (Mode::Live, vec![Action::LoadHeldBack]),
        Mode::DryRun { held: Some(RestartReason { why, .. }) } => (
            Mode::Live,
            vec![
                Action::Note("the dry run is over: restarting"),
                Action::ReportHeldBack,
                Action::Restart { why, refused: None },
            ],
        ),
    };
    (State { phase: state.phase, mode }, actions)
}

/// Steps after a save that only a build by cargo and a restart make live.
fn on_restart_needed(state: State, reason: RestartReason, policy: &Policy) -> (State, Vec<Action>) {
    if !policy.restart {
        return (state, vec![Action::refuse(reason, false)]);
    }
    if state.is_dry_run() {
        let mode = Mode::DryRun { held: Some(reason.clone()) };
        return (State { phase: state.phase, mode }, vec![Action::refuse(reason, true)]);
    }
    let RestartReason { kind, why } = reason;
    let refused = (kind != Refusal::Restart).then_some(kind);
    (state, vec![Action::Restart { why, refused }])
}

/// Steps after a save that cannot go live: restarts, unless that is not wanted.
fn on_refused(
    state: State,
    why: Refusal,
    details: Vec<Detail>,
    dying: bool,
    policy: &Policy,
) -> (State, Vec<Action>) {
    let wanted = policy.restart && !dying;
    let held = wanted && state.is_dry_run();
    let next = if wanted && !held { Next::Restart } else { Next::Keep };
    let reason = match details.first() {
        Some(first) if first.was.is_some() => format!("{} changed ({})", first.item, why.word()),
        _ => format!("the change could not go live ({})", why.word()),
    };
    let mut actions = vec![Action::Refuse { why, details, next, held }];
    if next == Next::Restart {
        actions.push(Action::Restart { why: reason, refused: None });
    }
    (state, actions)
}

/// Steps after the end of the program, or of the command.
fn on_ended(state: State, status: u8, pid: u32, policy: &Policy) -> (State, Vec<Action>) {
    let State { phase, mode } = state;
    let failed = status != 0;
    let mut actions = Vec::new();
    match phase {
        // Nothing was built, or what was built ended at once.
        Phase::Starting(Startup::Restart { .. }) if failed => {
            return command_failed(mode, status);
        }
        Phase::Starting(Startup::First) if failed && policy.wait => {
            return command_failed(mode, status);
        }
        Phase::Starting(Startup::First) => {
            let actions = vec![Action::ReportExited(status)];
            return (State { phase: Phase::Over(status), mode }, actions);
        }
        Phase::Starting(Startup::Restart { why, .. }) => {
            actions.push(Action::ReportRestarted { pid, why });
        }
        _ => {}
    }
    actions.push(Action::ReportExited(status));
    let phase = if failed && policy.attended && policy.restart {
        actions.push(Action::AwaitSave);
        Phase::Waiting(format!("the program {}", ended(status)))
    } else {
        Phase::Over(status)
    };
    (State { phase, mode }, actions)
}

/// Steps after a command that has failed before there was a program: that is an error in the
/// source, or in the command. The next save runs it again.
fn command_failed(mode: Mode, status: u8) -> (State, Vec<Action>) {
    let state = State { phase: Phase::Waiting("the command had failed".to_owned()), mode };
    let report = Action::ReportCommandFailed(status);
    (state, vec![report, Action::AwaitSave, Action::ReplayHeld])
}

fn over(state: State, status: u8) -> State {
    State { phase: Phase::Over(status), ..state }
}

/// Returns the mode without what was held back.
fn settled(mode: Mode) -> Mode {
    match mode {
        Mode::Live => Mode::Live,
        Mode::DryRun { .. } => Mode::DryRun { held: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Touched;
    use std::collections::BTreeSet;
    use std::time::Instant;

    const CARGO: Policy = Policy { by_command: false, restart: true, wait: false, attended: true };
    const COMMAND: Policy = Policy { by_command: true, ..CARGO };
    const KEEP: Policy = Policy { restart: false, ..CARGO };

    fn live(phase: Phase) -> State {
        State { phase, mode: Mode::Live }
    }

    fn dry(held: Option<RestartReason>) -> State {
        State { phase: Phase::Running(None), mode: Mode::DryRun { held } }
    }

    fn why() -> String {
        "why".to_owned()
    }

    fn reason(kind: Refusal) -> RestartReason {
        RestartReason { kind, why: why() }
    }

    fn again() -> Startup {
        Startup::Restart { why: why(), refused: Some(Refusal::Profile) }
    }

    /// Every phase but the last.
    fn phases() -> [Phase; 7] {
        [
            Phase::Unbuilt,
            Phase::Starting(Startup::First),
            Phase::Starting(again()),
            Phase::Running(None),
            Phase::Running(Some(why())),
            Phase::Between(why()),
            Phase::Waiting(why()),
        ]
    }

    /// Goes over all phases and all inputs from the program and the files. What is not in the table
    /// leaves the state as it is, and asks for nothing.
    #[test]
    fn the_life_of_a_program() {
        let touched = Touched { at: Instant::now(), paths: BTreeSet::new() };
        let adopted = Input::Adopted { pid: 7, reported: true };
        let gone = Input::NotRestarted { why: "new".into(), runs: false };
        let stays = Input::NotRestarted { why: "new".into(), runs: true };
        let inputs = [
            Input::Files(touched.clone()),
            Input::BaselineRead,
            Input::Connected,
            Input::Overdue,
            Input::HelloTimeout(7),
            Input::Exited,
            Input::ChildExited(7),
            Input::Started,
            Input::NotBuilt,
            Input::Fixed,
            Input::Lost,
            Input::NotHeld(touched.clone()),
            adopted.clone(),
            gone.clone(),
            stays.clone(),
        ];
        let [unbuilt, first, later, running, failing, between, waiting] = phases();
        let save = || vec![Action::Save(touched.clone())];
        let report = |why: &str| Action::ReportRestarted { pid: 7, why: why.into() };
        let started = "the command has started it again";
        let there =
            |report: Vec<Action>| [vec![Action::Settle], report, vec![Action::ReplayHeld]].concat();
        let greeted = || vec![Action::Greet, Action::CatchUp];
        let refused = Action::Refuse {
            why: Refusal::Profile,
            details: vec![Detail::sentence(why())],
            next: Next::Restart,
            held: false,
        };
        let new = || "new".to_owned();
        let fresh = Phase::Running(None);
        let ended = Phase::Between("the program had ended".into());
        let mut table: Vec<(&Phase, Input, Phase, Vec<Action>)> = vec![
            (
                &unbuilt,
                Input::Files(touched.clone()),
                unbuilt.clone(),
                vec![Action::LookForFix(touched.clone())],
            ),
            (&unbuilt, Input::Fixed, unbuilt.clone(), vec![Action::BuildFirst]),
            (&unbuilt, Input::NotBuilt, Phase::Over(NOTHING), vec![]),
            (&unbuilt, Input::Started, fresh.clone(), vec![Action::ReadKeys]),
            (&unbuilt, adopted.clone(), fresh.clone(), there(vec![report(started)])),
            (&first, adopted.clone(), fresh.clone(), there(vec![])),
            (&later, adopted.clone(), fresh.clone(), there(vec![refused, report("why")])),
            (&running, stays.clone(), Phase::Running(Some(new())), vec![]),
            (&failing, stays.clone(), Phase::Running(Some(new())), vec![]),
            (&between, stays.clone(), Phase::Between(new()), vec![]),
        ];
        for phase in [&first, &later] {
            table.extend([
                (
                    phase,
                    Input::Files(touched.clone()),
                    phase.clone(),
                    vec![Action::Hold(touched.clone())],
                ),
                (phase, Input::NotHeld(touched.clone()), phase.clone(), save()),
                (
                    phase,
                    Input::HelloTimeout(7),
                    phase.clone(),
                    vec![Action::Adopt(7), Action::WarnNotListening],
                ),
            ]);
        }
        for phase in [&running, &failing] {
            table.extend([
                (phase, Input::BaselineRead, phase.clone(), vec![Action::Announce]),
                (phase, Input::Overdue, phase.clone(), vec![Action::WarnNotListening]),
                (phase, Input::ChildExited(7), phase.clone(), vec![Action::Lose(7)]),
                (phase, Input::Lost, ended.clone(), vec![]),
            ]);
        }
        for phase in [&first, &later, &running, &failing, &between] {
            table.push((phase, Input::Exited, phase.clone(), vec![Action::Reap]));
            table.push((phase, Input::Connected, phase.clone(), greeted()));
        }
        for phase in [&running, &failing, &between, &waiting] {
            table.push((phase, Input::Files(touched.clone()), phase.clone(), save()));
            table.push((phase, adopted.clone(), fresh.clone(), there(vec![report(started)])));
        }
        for phase in [&first, &later, &running, &failing, &between, &waiting] {
            table.push((phase, Input::Started, fresh.clone(), vec![]));
        }
        for phase in [&unbuilt, &first, &later, &running, &failing, &between, &waiting] {
            table.push((phase, gone.clone(), Phase::Waiting(new()), vec![]));
        }
        for phase in [&unbuilt, &first, &later, &waiting] {
            table.push((phase, stays.clone(), Phase::Waiting(new()), vec![]));
        }
        for phase in phases() {
            for input in &inputs {
                let mut rows = table.iter().filter(|row| *row.0 == phase && row.1 == *input);
                let expected = match rows.next() {
                    Some((.., next, actions)) => (live(next.clone()), actions.clone()),
                    None => (live(phase.clone()), Vec::new()),
                };
                assert_eq!(rows.count(), 0, "two rows for {phase:?} and {input:?}");
                let made = step(live(phase.clone()), input.clone(), &COMMAND);
                assert_eq!(made, expected, "{phase:?} and {input:?}");
                // It is over for good.
                let over = live(Phase::Over(3));
                assert_eq!(step(over.clone(), input.clone(), &COMMAND), (over, Vec::new()));
            }
        }
    }

    #[test]
    fn a_session_begins_as_it_is_asked_to() {
        let begin = |policy| step(live(Phase::Unbuilt), Input::Begin, policy).1;
        assert_eq!(begin(&CARGO), [Action::BuildFirst]);
        assert_eq!(begin(&COMMAND), [Action::Launch]);
        let launched = Input::Launched(Startup::First);
        let (state, actions) = step(live(Phase::Unbuilt), launched, &COMMAND);
        assert_eq!(state.phase, Phase::Starting(Startup::First));
        assert_eq!(actions, [Action::ReadKeys]);
        let patient = Policy { wait: true, ..CARGO };
        let (state, actions) = step(live(Phase::Unbuilt), Input::NotBuilt, &patient);
        assert_eq!((state.phase, actions.len()), (Phase::Unbuilt, 1));
        // A program that cargo has built is no process of a command.
        let connected = step(live(Phase::Running(None)), Input::Connected, &CARGO).1;
        assert_eq!(connected, [Action::CatchUp]);
        assert_eq!(step(dry(None), Input::Connected, &CARGO).1, []);
    }

    #[test]
    fn the_user_ends_the_session_in_any_phase() {
        for phase in phases() {
            for (input, by_terminal) in [
                (Input::Stop { by_terminal: true }, true),
                (Input::Stop { by_terminal: false }, false),
                (Input::Key(Key::Quit), false),
            ] {
                let (state, actions) = step(live(phase.clone()), input, &CARGO);
                assert_eq!(state.phase, Phase::Over(STOPPED));
                assert_eq!(actions, [Action::Stop { by_terminal }]);
            }
            let (state, actions) = step(live(phase), Input::Stopped, &CARGO);
            assert_eq!((state.phase, actions), (Phase::Over(STOPPED), vec![]));
        }
    }

    #[test]
    fn a_restart_is_made_held_or_refused() {
        let needed = |kind| Input::RestartNeeded(reason(kind));
        let running = || live(Phase::Running(None));
        for (kind, refused) in
            [(Refusal::Restart, None), (Refusal::Profile, Some(Refusal::Profile))]
        {
            let restart = Action::Restart { why: why(), refused };
            assert_eq!(step(running(), needed(kind), &CARGO), (running(), vec![restart]));
            let refuse = Action::refuse(reason(kind), false);
            assert_eq!(step(running(), needed(kind), &KEEP), (running(), vec![refuse]));
            let held = (dry(Some(reason(kind))), vec![Action::refuse(reason(kind), true)]);
            assert_eq!(step(dry(None), needed(kind), &CARGO), held);
        }
        let by_key = step(dry(None), Input::Key(Key::Restart), &CARGO).1;
        assert!(matches!(&by_key[..], [Action::Restart { refused: None, .. }]), "{by_key:?}");
        let by_key = step(running(), Input::Key(Key::Restart), &KEEP).1;
        assert!(matches!(&by_key[..], [Action::Refuse { held: false, .. }]), "{by_key:?}");
    }

    #[test]
    fn a_refusal_restarts_the_program_unless_something_forbids_it() {
        let changed = Detail::changed("shop::Order".into(), "a".into(), "b".into());
        let refused = |detail: &Detail, dying| Input::Refused {
            why: Refusal::Layout,
            details: vec![detail.clone()],
            dying,
        };
        let running = || live(Phase::Running(None));
        let outcome = |state, input, policy: &Policy| match &step(state, input, policy).1[..] {
            [Action::Refuse { next, held, .. }] => (*next, *held, None),
            [Action::Refuse { next, held, .. }, Action::Restart { why, refused: None }] => {
                (*next, *held, Some(why.clone()))
            }
            other => panic!("{other:?}"),
        };
        let sentence = Detail::sentence("s".into());
        for (detail, why) in [
            (&changed, "shop::Order changed (layout)"),
            (&sentence, "the change could not go live (layout)"),
        ] {
            let restarts = (Next::Restart, false, Some(why.to_owned()));
            assert_eq!(outcome(running(), refused(detail, false), &CARGO), restarts);
        }
        let keeps = (Next::Keep, false, None);
        assert_eq!(outcome(running(), refused(&changed, true), &CARGO), keeps);
        assert_eq!(outcome(running(), refused(&changed, false), &KEEP), keeps);
        assert_eq!(outcome(dry(None), refused(&changed, true), &CARGO), keeps);
        assert_eq!(outcome(dry(None), refused(&changed, false), &CARGO), (Next::Keep, true, None));
    }

    /// A save after one that only cargo can judge is not judged without cargo.
    #[test]
    fn what_a_dry_run_holds_back_is_due_until_it_ends() {
        for kind in [Refusal::Restart, Refusal::Profile] {
            let (state, _) = step(dry(None), Input::RestartNeeded(reason(kind)), &CARGO);
            assert_eq!(state.restart_due(), Some(reason(kind)));
            let (again, actions) = step(state.clone(), Input::RestartNeeded(reason(kind)), &CARGO);
            assert_eq!((&again, actions.len()), (&state, 1));
            let (after, actions) = step(state.clone(), Input::Key(Key::DryRun), &CARGO);
            assert_eq!((after.restart_due(), after.mode), (None, Mode::Live));
            let restart = Action::Restart { why: why(), refused: None };
            assert_eq!(actions[1..], [Action::ReportHeldBack, restart]);
            // A restart by key has built all of it.
            assert_eq!(step(state, Input::Started, &CARGO).0, dry(None));
        }
        let (live, actions) = step(dry(None), Input::Key(Key::DryRun), &CARGO);
        assert_eq!((live.mode.clone(), actions), (Mode::Live, vec![Action::LoadHeldBack]));
        assert_eq!(step(live, Input::Key(Key::DryRun), &CARGO).0, dry(None));
    }

    #[test]
    fn a_restart_is_due_while_there_is_no_good_build() {
        for (phase, is_due) in phases().into_iter().zip([0, 0, 1, 0, 1, 1, 1]) {
            let due = (is_due == 1).then(|| reason(Refusal::Restart));
            assert_eq!(live(phase.clone()).restart_due(), due, "{phase:?}");
        }
    }

    #[test]
    fn the_end_of_a_program_is_waited_out_by_whoever_can_mend_it() {
        let ended = |status| Input::Ended { status, pid: 7 };
        let exited = Action::ReportExited;
        let running = || live(Phase::Running(None));
        let good = step(running(), ended(0), &CARGO);
        assert_eq!(good, (live(Phase::Over(0)), vec![exited(0)]));
        let crashed = step(running(), ended(139), &CARGO);
        let waiting = live(Phase::Waiting("the program was killed by SIGSEGV".into()));
        assert_eq!(crashed, (waiting, vec![exited(139), Action::AwaitSave]));
        for policy in [KEEP, Policy { attended: false, ..CARGO }] {
            let over = (live(Phase::Over(139)), vec![exited(139)]);
            assert_eq!(step(running(), ended(139), &policy), over);
        }
    }

    #[test]
    fn a_command_that_fails_before_there_is_a_program_is_run_again() {
        let ended = |status| Input::Ended { status, pid: 7 };
        let [first, later] = [Startup::First, again()].map(|s| live(Phase::Starting(s)));
        let failed = (
            live(Phase::Waiting("the command had failed".into())),
            vec![Action::ReportCommandFailed(1), Action::AwaitSave, Action::ReplayHeld],
        );
        let patient = Policy { wait: true, ..COMMAND };
        assert_eq!(step(later.clone(), ended(1), &COMMAND), failed);
        assert_eq!(step(first.clone(), ended(1), &patient), failed);
        for status in [0, 1] {
            let over = (live(Phase::Over(status)), vec![Action::ReportExited(status)]);
            assert_eq!(step(first.clone(), ended(status), &COMMAND), over);
        }
        let restarted = Action::ReportRestarted { pid: 7, why: why() };
        let over = (live(Phase::Over(0)), vec![restarted, Action::ReportExited(0)]);
        assert_eq!(step(later, ended(0), &COMMAND), over);
    }
}
