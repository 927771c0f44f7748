//! One save, from the notice to its one answer.

mod apply;
mod clock;
mod dry_run;
mod rebuild;
