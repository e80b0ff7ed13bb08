use minicbor::Encoder;
use minicbor::encode::{Error, Write};
use waypost_model::{EndpointName, Sector};

use super::{Malformed, Reader};

pub(super) fn write<W: Write>(
    out: &mut Encoder<W>,
    sector: Option<&str>,
    endpoint: &str,
) -> Result<(), Error<W::Error>> {
    match sector {
        Some(sector) => out.str(sector)?,
        None => out.null()?,
    };
    out.str(endpoint)?;
    Ok(())
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Option<Sector>, EndpointName), Malformed> {
    let sector = reader.text_or_null()?;
    let sector = sector.map(|name| reader.valid(Sector::new(name), "sector")).transpose()?;
    let endpoint = reader.text()?;
    Ok((sector, reader.valid(EndpointName::new(endpoint), "endpoint name")?))
}
