//! How changes travel: CBOR (RFC 8949), with definite lengths alone.
//!
//! ```cddl
//! question  = [0, number, relation, cursor: version, heard: version, size: uint, renewals: uint, whole: bool,
//!              ? selection, ? cut]               ; what has changed? The answer may have so many octets, about, and so many renewals
//!           / [1, relation, key: bstr .size 16, from: uint, count: uint]  ; which cells does all there is make?
//!           / [2, relation, key: bstr .size 16, * id: uint]               ; which are the registrations of these ids?
//! number    = 0..23                              ; of the question, counted on by who asks: see below
//! selection = (query: tstr, news: version)       ; asked by a mirror of what a query selects: see below
//! relation  = 0 / 1 / tstr                       ; a replica of the authority asks / a mirror of it asks / a mirror asks for what
//!                                                ; is mirrored of the authority of this URI
//! version   = { * replica: uint => sequence: uint }
//!
//! answer    = number, ? passage, ? mark, run*, ( renewals*, ? behind, ? digest / more )  ; to the first question: a CBOR
//!                                                ; sequence; without `more` it is complete
//! passage   = ( false, hops: uint, delay: uint / null, age: uint )  ; how the source has come by what it mirrors: see below
//! mark      = [replica: uint, losses: uint]      ; what a selection is read from: another one is read anew
//! more      = ( true, ? version )                ; the version where a selection is asked for: what there is to be read
//! behind    = [version]                          ; what there is, where that is not all that the asker, a mirror, holds
//! digest    = ( count: uint, sum: uint )         ; of all there is, where the asker now holds the same version
//! run       = [by, after: sequence, span: uint, * change]
//! by        = uint                               ; index of the replica in the cursor of the question,
//!           / bstr .size 8                       ; or its id, where the cursor has none
//! renewals  = { by => [after: uint, span: uint, bstr .packed *( age, count: uint, * distance: uint ), ? told: uint] }
//! cut       = [replica: uint, upto: uint, told: uint]  ; the renewals up to a number go on after a write
//! change    = put / removal / leave
//! put       = [flags: uint, delta: uint, names, base, lifetime, attributes, links, age, time, renewals: uint,
//!              ? place: tstr, ? stamps, ? credentials: [* bstr]]
//! removal   = [flags: uint, delta: uint, names, time, horizon, seen: version]
//! leave     = [flags: uint, delta: uint, names]  ; the selection has it no longer, or not
//! names     = (sector: tstr / null, endpoint: tstr)
//! base      = tstr / null                        ; null stands for what the asker has already, in this and the next three
//! lifetime  = uint / null                        ; seconds
//! attributes = { * tstr => [* tstr / null] } / null
//! links     = tstr / null / bstr .cbor link-delta  ; the last: what becomes of those that the asker has
//! age, horizon = uint                            ; milliseconds
//! time      = uint                               ; a reading of the hybrid logical clock
//! stamps    = [seen: version, others: [* (replica, sequence, time)], first, replaced, base, lifetime, links: index,
//!              * (tstr, index)]
//! cells     = [version, bstr]                    ; the answer to the second question: see `waypost_sketch`
//! entries   = run*, true                         ; the answer to the third
//! index     = uint                               ; 0: this write; n: the nth of the others
//! ```
//!
//! Notifications have the number of the question that began the observation. One may be on its way while the next question is, and
//! what it calls by index in a cursor would be taken for another replica's. So what has another number than the last question is
//! passed over: who is asked anew tells from there on.
//!
//! A run says everything that one replica wrote after `after` up to `after + span`; each `delta` counts from the write
//! before it. Who holds less than `after` has a gap, and asks. A notification may be lost without anybody noticing, so those that
//! follow have runs and renewals that say nothing new, with a `span` of zero, of whoever was told of lately. Renewals have numbers
//! of their own; `heard` has the last ones that were taken. Which ones they are is packed in numbers of seven bits an octet, lowest
//! first: distances between the sequence numbers of the writes that were renewed. Where they are too many for one answer, it has those
//! of the writes up to `told`, and ends in `more`: nothing of them counts as heard, and the next question says by `cut` where to go on.
//! A notification always begins with the first of them.
//!
//! A delta of links is as `waypost_link_delta` has it, and says by entity tags what it leads from and to. It travels where a write
//! that the asker has set the former links and the source remembers them. Who has others asks for everything to be said. The
//! octets that deltas save count in the size of an answer, so that what becomes of one is bounded as well.
//!
//! Who asks for a selection is told of what an endpoint look-up with that query finds, and which of what it may hold has left.
//! Nobody remembers what was in it before, so that each write to a registration that is not in it is a leave, a removal too. Only
//! of the writes up to `news` beyond the cursor nothing is held: that is what there was when its reading began. There is no
//! digest, and what cannot be told one write at a time is a gap. In the place of a digest, the mark says whether the source may have
//! lost something without a trace: it has the id of the replica that answers, and how many copies that has forgotten.
//!
//! What a source mirrors itself, it passes on with the dots and stamps that it has from its authority, and with ages that go on. The
//! passage says through how many directories it has come, this one included; how much later than it seems a registration may have
//! been renewed, in milliseconds, if that is known; and how long ago the source had all that the authority had.

mod answer;
mod cells;
mod error;
mod flags;
mod links;
mod names;
mod number;
mod passage;
mod put;
mod question;
mod reader;
mod removal;
mod renewals;
mod version;
mod writer;

pub(crate) use answer::{Answer, Item, Mark};
pub(crate) use cells::Cells;
pub(crate) use error::Incomplete;
pub use error::Malformed;
pub(crate) use number::Number;
pub(crate) use put::ArrivedPut;
pub(crate) use question::{ChangesQuestion, Question, Selection};
use reader::Reader;
pub(crate) use renewals::Packed;
pub(crate) use writer::Writer;
