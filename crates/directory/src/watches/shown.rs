use alloc::{boxed::Box, string::String, vec};
use core::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;
use waypost_link_format::LinkWriter;

use crate::{Endpoint, Show};

/// What look-ups show of a registration, as numbers that stand for it: each is found out once, when it is asked for first.
#[derive(Debug)]
pub(crate) struct Shown<'d> {
    key: [u8; 16],
    pub(crate) endpoint: Endpoint<'d>,
    whole: Option<u64>,
    links: Box<[Option<u64>]>,
}

impl<'d> Shown<'d> {
    pub(crate) fn new(key: [u8; 16], endpoint: Endpoint<'d>) -> Self {
        let links = vec![None; endpoint.stored_document().len() as usize].into();
        Self { key, endpoint, whole: None, links }
    }

    /// Returns what stands for what an endpoint look-up shows.
    pub(crate) fn endpoint(&mut self) -> u64 {
        let Self { key, endpoint, whole, .. } = self;
        *whole.get_or_insert_with(|| {
            let mut hasher = SipHasher13::new_with_key(key);
            // Who sees a registration depends on its zone.
            endpoint.zone().hash(&mut hasher);
            endpoint.base().hash(&mut hasher);
            // A flag is shown as an empty value is.
            endpoint.attributes().for_each(|(name, value)| (name, value.unwrap_or_default()).hash(&mut hasher));
            hasher.finish()
        })
    }

    /// Returns what stands for what a resource look-up shows of some links.
    pub(crate) fn links(&mut self, positions: &[u32]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        self.endpoint.zone().hash(&mut hasher);
        positions.iter().for_each(|position| self.link(*position).hash(&mut hasher));
        hasher.finish()
    }

    fn link(&mut self, position: u32) -> u64 {
        let Self { key, endpoint, links, .. } = self;
        *links[position as usize].get_or_insert_with(|| {
            let mut text = String::new();
            let mut writer = LinkWriter::new(&mut text);
            // A string takes everything.
            let _ = endpoint.resource(position).write(&mut writer, Show::default());
            let _ = writer.finish();
            let mut hasher = SipHasher13::new_with_key(key);
            text.hash(&mut hasher);
            hasher.finish()
        })
    }
}
