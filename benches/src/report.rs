//! The Markdown table with the results.

use std::fmt;
use std::fs;

/// One measurement next to its floor.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) souk: String,
    pub(crate) floor: String,
    pub(crate) ratio: String,
    pub(crate) aim: String,
    /// `None` if there is no target.
    pub(crate) is_met: Option<bool>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, souk: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            souk: souk.into(),
            floor: String::new(),
            ratio: String::new(),
            aim: String::new(),
            is_met: None,
        }
    }

    pub(crate) fn beside(mut self, floor: impl Into<String>) -> Self {
        self.floor = floor.into();
        self
    }

    pub(crate) fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = format!("{ratio:.2}");
        self
    }

    pub(crate) fn aim(mut self, aim: &str, is_met: bool) -> Self {
        self.aim = aim.to_owned();
        self.is_met = Some(is_met);
        self
    }
}

/// All measurements of one run.
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) revision: String,
    pub(crate) is_quick: bool,
    /// Load of other processes at the beginning; above a few tenths, do not trust the numbers.
    pub(crate) load_average: String,
}

/// A cell that says whether an aim is met.
pub(crate) fn met(is_met: bool) -> &'static str {
    if is_met { "yes" } else { "**no**" }
}

/// The load average of the last minute.
pub(crate) fn load_average() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split(' ').next().unwrap_or_default().to_owned()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| measured | Souk | floor | ratio | aim | met |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for Row { what, souk, floor, ratio, aim, is_met } in &self.rows {
            let met = is_met.map_or("", met);
            writeln!(f, "| {what} | {souk} | {floor} | {ratio} | {aim} | {met} |")?;
        }
        let Self { revision, load_average, .. } = self;
        let circumstances = circumstances(load_average, self.is_quick);
        writeln!(f, "\nRevision {revision}. {circumstances}")
    }
}

/// When and where it was measured.
pub(crate) fn circumstances(load_average: &str, is_quick: bool) -> String {
    let quick = if is_quick { " A quick run: the numbers mean little." } else { "" };
    format!("{}, load average before {load_average}.{quick}", machine())
}

fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let models =
        cpuinfo.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = models.map(|(_, model)| model).next().unwrap_or("unknown processor").to_owned();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    let memory = read("/proc/meminfo");
    let memory = memory.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    let memory = memory.unwrap_or_default() / 1024 / 1024;
    let date = souk_actors::clock::now().to_string();
    let date = date.split('T').next().unwrap_or_default();
    format!("{date}: {cores} × {model}, {memory} GiB, Linux {}", kernel.trim())
}
