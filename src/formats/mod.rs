//! File formats, bytes in and bytes out; nothing here knows of clusters or hosts.

pub mod certificate;
pub mod contents;
mod der;
pub mod jks;
pub mod pem;
pub mod pkcs12;
pub mod pkcs12_mac;
pub mod proof;
pub mod store;
pub mod usage;
pub mod yaml;
