//! From a verified certificate to an [`Identity`].

use bytes::Bytes;
use gobrpc_protocol::Identity;
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

/// What stands in a certificate that rustls has verified.
pub(super) fn of_certificate(certificate: &CertificateDer<'_>) -> Identity {
    let mut identity = Identity::new(Bytes::copy_from_slice(certificate));
    // rustls has read it by the same library, so that this cannot fail.
    if let Ok(parsed) = EndEntityCert::try_from(certificate) {
        identity.dns_names = parsed.valid_dns_names().map(str::to_owned).collect();
        identity.uris = parsed.valid_uri_names().map(str::to_owned).collect();
        identity.common_name = common_name(parsed.subject());
    }
    identity
}

/// The last common name of a subject: the one that is most specific (RFC 4514
/// prints the parts from the last to the first).
///
/// A subject is a sequence of sets of pairs of an object identifier and a text
/// (RFC 5280, 4.1.2.4).
fn common_name(subject: &[u8]) -> Option<String> {
    const SEQUENCE: u8 = 0x30;
    const SET: u8 = 0x31;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    /// 2.5.4.3
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

    let mut found = None;
    // webpki gives what is inside of the outer sequence.
    let mut names = Der(subject);
    while let Some((SET, set)) = names.next() {
        let mut set = Der(set);
        while let Some((SEQUENCE, pair)) = set.next() {
            let mut pair = Der(pair);
            if pair.next() != Some((OBJECT_IDENTIFIER, COMMON_NAME)) {
                continue;
            }
            if let Some((tag, text)) = pair.next() {
                found = text_of(tag, text).or(found);
            }
        }
    }
    found
}

/// The texts that authorities use today: UTF8String, PrintableString, IA5String.
/// All of them are UTF-8.
fn text_of(tag: u8, text: &[u8]) -> Option<String> {
    match tag {
        0x0c | 0x13 | 0x16 => std::str::from_utf8(text).ok().map(str::to_owned),
        _ => None,
    }
}

/// The values of some DER, one behind the other.
struct Der<'a>(&'a [u8]);

impl<'a> Iterator for Der<'a> {
    type Item = (u8, &'a [u8]);

    /// Tag and contents of the next value, if it is whole.
    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0x00..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&length, rest) = rest.split_first()?;
                (usize::from(length), rest)
            }
            0x82 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            // No name is as long as that.
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, contents))
    }
}

#[cfg(test)]
mod tests {
    use super::common_name;

    #[test]
    fn the_last_common_name_counts() {
        let part = |oid: u8, tag: u8, text: &str| {
            let mut pair = vec![0x06, 3, 0x55, 0x04, oid, tag, text.len() as u8];
            pair.extend(text.as_bytes());
            let mut set = vec![0x31, pair.len() as u8 + 2, 0x30, pair.len() as u8];
            set.extend(pair);
            set
        };
        let subject = [
            part(10, 0x0c, "Organisation"),
            part(3, 0x13, "first"),
            part(3, 0x0c, "zweiter ü"),
        ]
        .concat();
        assert_eq!(common_name(&subject).as_deref(), Some("zweiter ü"));
        assert_eq!(common_name(&part(10, 0x0c, "Organisation")), None);
        assert_eq!(common_name(&[]), None);
        for end in 0..subject.len() {
            // Cut anywhere, it never panics.
            let _ = common_name(&subject[..end]);
        }
    }
}
