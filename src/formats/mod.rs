//! File formats, bytes in and bytes out; nothing here knows of clusters or hosts.

pub mod bundle;
pub mod certificate;
pub mod contents;
pub mod jks;
pub mod pem;
pub mod pkcs12;
pub mod pkcs7;
pub mod store;
pub mod usage;
pub mod yaml;
