//! The memory of a fresh idle server.

use super::product;
use crate::process::{Program, Server};
use crate::report::Row;
use crate::world::World;
use crate::{Measure, Outcome};
use std::time::Duration;

pub(super) const SETTLING: Duration = Duration::from_secs(2);
const AIM_MEBIBYTES: f64 = 40.0;

pub(super) fn measure(asked: &Measure, world: &World) -> Outcome<Vec<Row>> {
    let fresh = Program::souk(&asked.souk, &world.scratch().join("fresh")).start()?;
    let answering = world.program("memory-answer")?.start()?;
    let floor = product::start_floor(world, &answering, &world.product_details()[0])?;
    drop(answering);
    std::thread::sleep(SETTLING);
    let resident = |server: &Server| server.memory_mebibytes("VmRSS");
    let (souk, floor) = (resident(&fresh)?, resident(&floor)?);
    let peak = fresh.memory_mebibytes("VmHWM")?;
    Ok(vec![
        Row::new("memory of a fresh idle server (RSS)", format!("{souk:.1} MiB, peak {peak:.1}"))
            .beside(format!("bare warp: {floor:.1} MiB"))
            .aim("≤ 40 MiB", souk <= AIM_MEBIBYTES),
    ])
}
