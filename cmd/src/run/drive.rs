//! The loop of a session: takes inputs one by one, and performs what each step asks for.

use super::action::Action;
use super::input::Input;
use super::options::Options;
use super::session::Session;
use super::state::Phase;
use super::step::step;
use crate::process::exit_code;
use crate::show::Event;
use anyhow::Result;

/// Builds and runs the program until it ends, or the user ends it. Returns the exit status of the
/// tool.
///
/// # Errors
/// [`Usage`](crate::build::Usage) for what the user has to say otherwise; anything else that leaves
/// nothing to run.
pub fn run(options: Options) -> Result<u8> {
    let mut session = Session::new(options)?;
    session.listen()?;
    session.report_orphans();
    session.handle(Input::Begin)?;
    loop {
        if let Phase::Over(status) = session.state.phase {
            return Ok(status);
        }
        let input = session.next();
        session.handle(input)?;
    }
}

impl Session {
    /// Takes one step, and those that follow from its actions.
    fn handle(&mut self, input: Input) -> Result<()> {
        let (state, actions) = step(self.state.clone(), input, &self.policy);
        self.state = state;
        for action in actions {
            if let Some(outcome) = self.perform(action)? {
                self.handle(outcome)?;
            }
        }
        Ok(())
    }

    /// Performs an action. Returns its outcome, if that matters to the state.
    fn perform(&mut self, action: Action) -> Result<Option<Input>> {
        match action {
            Action::BuildFirst => return self.build_first(),
            Action::Launch => return self.launch_first().map(Some),
            Action::ReadKeys => self.read_keys(),
            Action::LookForFix(touched) => return Ok(self.look_for_fix(touched)),
            Action::Hold(touched) => return Ok(self.hold(touched)),
            Action::ReplayHeld => return Ok(self.exec().held.take().map(Input::Files)),
            Action::Save(touched) => return Ok(self.save(&touched)),
            Action::Refuse { why, details, next, held } => {
                self.report_refused(why, details, next, held);
            }
            Action::Restart { why, refused } => return Ok(self.restart(&why, refused)),
            Action::Announce => self.announce(false),
            Action::Greet => return Ok(self.greet()),
            Action::Adopt(pid) => return Ok(self.adopt_unconnected(pid)),
            Action::Settle => self.settle(),
            Action::ReportRestarted { pid, why } => self.report_restarted(pid, why),
            Action::CatchUp => return Ok(self.catch_up()),
            Action::WarnNotListening => self.warn_not_listening(),
            Action::Reap if self.policy.by_command => return self.reap_command(),
            Action::Reap => return self.reap(),
            Action::Lose(pid) => return self.lose(pid),
            Action::ReportExited(status) => {
                self.show.terminal.running = true;
                self.show.report(&Event::Exited { status });
            }
            Action::ReportCommandFailed(status) => self.report_command_failed(status),
            Action::AwaitSave => self.await_save(),
            Action::Stop { by_terminal } => self.stop(by_terminal)?,
            Action::LoadHeldBack => return Ok(self.load_held_back()),
            Action::ReportHeldBack => self.report_waiting(),
            Action::Note(text) => self.show.terminal.note(text),
            Action::Clear => self.show.terminal.clear(),
            Action::ToggleVerbose => self.toggle_verbose(),
        }
        Ok(None)
    }

    /// Ends the program for the user: asks it to end, makes it if it does not.
    fn stop(&mut self, by_terminal: bool) -> Result<()> {
        use rustix::process::Signal;
        self.show.terminal.running = false;
        let signal = (!by_terminal).then_some(Signal::INT);
        if let Some(status) = self.stop_program(signal)? {
            self.show.report(&Event::Exited { status: exit_code(status) });
        }
        Ok(())
    }
}
