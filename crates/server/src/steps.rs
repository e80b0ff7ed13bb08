use alloc::collections::VecDeque;

use bytes::Bytes;
use waypost_link_delta::LinkDelta;
use waypost_link_format::LinkDocument;
use waypost_rest::ETag;

use crate::representation::tag_of;

/// How earlier states of an observed look-up lead to the present one, for observers that take link deltas.
///
/// Observers of one look-up are at few different states, most of them at the last one, so a step is written once for all who
/// are at the same. Steps are kept as long as all of them together are smaller than the whole answer; who is further behind
/// gets that instead.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    present: Option<Present>,
    /// The oldest first.
    earlier: VecDeque<Earlier>,
}

#[derive(Debug)]
struct Present {
    state: ETag,
    links: Bytes,
}

#[derive(Debug)]
struct Earlier {
    state: ETag,
    /// What leads from there to the present state.
    delta: LinkDelta,
    written: Option<Bytes>,
}

impl Steps {
    /// Takes the next state, and remembers at most so many earlier ones.
    pub(crate) fn advance(&mut self, state: ETag, links: &Bytes, most: usize) {
        let next = Present { state, links: links.clone() };
        let Some(present) = self.present.replace(next).filter(|present| present.state != state) else { return };
        let documents = [&present.links, links].map(|links| LinkDocument::parse_bytes(links));
        let [Ok(before), Ok(after)] = documents else { return self.earlier.clear() };
        let step = LinkDelta::between(before, after);
        for earlier in &mut self.earlier {
            earlier.delta = earlier.delta.then(&step).expect("what may be applied to anything may follow anything");
            earlier.written = None;
        }
        self.earlier.push_back(Earlier { state: present.state, delta: step, written: None });
        self.earlier.retain(|earlier| earlier.state != state);
        let mut size: usize = self.earlier.iter().map(Earlier::size).sum();
        while size > links.len() || self.earlier.len() > most {
            let Some(oldest) = self.earlier.pop_front() else { break };
            size -= oldest.size();
        }
    }

    /// Returns the encoded delta that leads from a state to the present one; none if that is not known any more.
    pub(crate) fn from(&mut self, state: ETag) -> Option<Bytes> {
        let present = self.present.as_ref()?.state;
        let earlier = self.earlier.iter_mut().find(|earlier| earlier.state == state)?;
        if earlier.written.is_none() {
            let delta = earlier.delta.clone().starting_from(tag_of(state)).leading_to(tag_of(present));
            earlier.written = Some(delta.encode().into_boxed_slice().into());
        }
        earlier.written.clone()
    }
}

impl Earlier {
    fn size(&self) -> usize {
        self.delta.removed().as_str().len() + self.delta.put().as_str().len()
    }
}
