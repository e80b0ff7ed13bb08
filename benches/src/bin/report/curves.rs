use core::time::Duration;

use waypost_benches::fleet::Documents;

use crate::figure::Figure;
use crate::look_ups::LookUp;
use crate::memory;
use crate::scene::Scene;

/// What things cost in directories of different sizes.
#[derive(Debug)]
pub(crate) struct Curves {
    pub(crate) documents: Documents,
    /// Registrations, and bytes of each.
    pub(crate) memory: Vec<(usize, f64)>,
    /// Of each kind of look-up, registrations and time.
    pub(crate) look_ups: Vec<(&'static str, Curve, Curve)>,
}

/// Time by number of registrations.
pub(crate) type Curve = Vec<(usize, Duration)>;

impl Curves {
    pub(crate) fn new(documents: Documents) -> Self {
        Self { documents, memory: Vec::new(), look_ups: Vec::new() }
    }

    /// Measures in one more directory, and in SQLite if that has as many registrations.
    pub(crate) fn add(&mut self, scene: &Scene) {
        let Figure::Bytes(bytes) = memory::each(scene) else { return };
        self.memory.push((scene.size, bytes));
        let lines = LookUp::all().into_iter().filter(|line| line.is_plotted);
        for (number, line) in lines.enumerate() {
            if self.look_ups.len() == number {
                self.look_ups.push((line.name, Vec::new(), Vec::new()));
            }
            let (_, ours, theirs) = &mut self.look_ups[number];
            ours.push((scene.size, line.time(scene, 0)));
            if scene.peer_size == scene.size {
                theirs.push((scene.size, line.time_of_peer(scene)));
            }
        }
    }

    /// Returns the name of the kind of documents.
    pub(crate) fn name(&self) -> String {
        format!("{:?}", self.documents).to_lowercase()
    }
}
