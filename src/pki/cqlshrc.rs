//! The `cqlshrc` with which `cqlsh` connects in TLS, proves who it is and believes only nodes of this CA.

/// Where the files of a client stand on the machine that `cqlsh` runs on; absolute paths.
pub struct ClientFiles<'a> {
    pub authority: &'a str,
    pub certificate: &'a str,
    pub key: &'a str,
}

/// `cqlsh --cqlshrc FILE HOST` connects with it; the keys are those of `cqlshlib/sslhandling.py`.
pub fn cqlshrc(files: &ClientFiles<'_>) -> String {
    let ClientFiles { authority, certificate, key } = files;
    format!(
        "; cqlsh --cqlshrc THIS_FILE HOST\n\
         [connection]\n\
         ssl = true\n\
         \n\
         [ssl]\n\
         validate = true\n\
         certfile = {authority}\n\
         usercert = {certificate}\n\
         userkey = {key}\n"
    )
}
