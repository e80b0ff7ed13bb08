use alloc::{borrow::Cow, vec::Vec};

use waypost_link_format::Parameter;

use crate::{
    documents::Document,
    index::reading::{Reference, each_word, kind_of, lower_case},
    index::values::Values,
};

/// What the index has to note of the links of a document, sorted, so that each value is looked for once.
#[derive(Debug)]
pub(crate) struct Marks<'d> {
    marks: Vec<Mark<'d>>,
    /// Target or anchor, and the position of a link in which it takes only the scheme from the base.
    odd: Vec<(&'static str, u32)>,
}

/// Attribute name, one of its values, and the position of a link; no value, where only the name is noted.
type Mark<'d> = (Cow<'d, str>, Option<Cow<'d, str>>, u32);

impl<'d> Marks<'d> {
    pub(crate) fn of(document: &'d Document) -> Self {
        let room = document.as_str().len() / OF_A_MARK;
        let mut marks = Self { marks: Vec::with_capacity(room), odd: Vec::new() };
        for (position, link) in document.links() {
            marks.add_reference("href", link.target().into(), position);
            link.parameters().for_each(|parameter| marks.add_parameter(&parameter, position));
        }
        marks.marks.sort_unstable();
        marks.marks.dedup();
        marks
    }

    /// Puts the links into the index, or takes them out; the number of the first one is `first`.
    pub(crate) fn change(&self, values: &mut Values, odd_values: &mut Values, first: u32, add: bool) {
        let ids = |marks: &[Mark<'_>]| marks.iter().map(|(_, _, position)| first + position).collect::<Vec<u32>>();
        for of_name in self.marks.chunk_by(|one, other| one.0 == other.0) {
            let mut all = ids(of_name);
            all.sort_unstable();
            all.dedup();
            let of_values = of_name.chunk_by(|one, other| one.1 == other.1);
            let of_values = of_values.filter_map(|marks| Some((marks[0].1.as_deref()?, ids(marks))));
            values.change(&of_name[0].0, &all, of_values, add);
        }
        for (name, position) in &self.odd {
            odd_values.change(name, &[first + position], NO_VALUES, add);
        }
    }

    fn add_reference(&mut self, name: &'static str, reference: Cow<'d, str>, position: u32) {
        match kind_of(&reference) {
            Reference::AsWritten => self.marks.push((name.into(), Some(reference), position)),
            kind => {
                // That a link has a target needs no note.
                if name != "href" {
                    self.marks.push((name.into(), None, position));
                }
                if kind == Reference::OtherAuthority {
                    self.odd.push((name, position));
                }
            }
        }
    }

    fn add_parameter(&mut self, parameter: &Parameter<'d>, position: u32) {
        let name = lower_case(parameter.name());
        match (&*name, parameter.value().unwrap_or_default()) {
            ("anchor", anchor) => self.add_reference("anchor", anchor, position),
            // A look-up shows the provenance of every link: its registration, whatever the registrant said.
            ("provenance", _) => {}
            (_, Cow::Borrowed(value)) => {
                each_word(&name, value, |word| self.marks.push((name.clone(), Some(word.into()), position)));
            }
            (_, Cow::Owned(value)) => each_word(&name, &value, |word| {
                self.marks.push((name.clone(), Some(Cow::Owned(word.into())), position));
            }),
        }
    }
}

/// About how many bytes of a document there are for each mark.
const OF_A_MARK: usize = 16;
const NO_VALUES: [(&str, &[u32]); 0] = [];
