//! Scheduling priorities, because the load comes from the same machine that is measured.
//! The scheduling class is set with `chrt` of util-linux.

use crate::{Outcome, complaint};
use std::process::{Command, Stdio};

/// Makes the current thread use only idle processor time (SCHED_IDLE).
pub(crate) fn give_way() -> Outcome<()> {
    match change("--idle", "0") {
        true => Ok(()),
        false => Err(complaint("the storms need chrt of util-linux")),
    }
}

/// Makes the current thread run as soon as it can (SCHED_RR), so that its own waits for the
/// processor do not count as the server's; false without permission.
pub(crate) fn go_first() -> bool {
    change("--rr", "1")
}

fn change(class: &str, priority: &str) -> bool {
    let thread = rustix::thread::gettid().as_raw_nonzero().to_string();
    let mut command = Command::new("chrt");
    command.args([class, "--pid", priority, &thread]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
