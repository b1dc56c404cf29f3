//! `%` tokens, `~` and `${VARIABLES}` in the values of an ssh_config file (ssh_config(5), TOKENS).

use super::Environment;
use std::path::{Path, PathBuf};

/// What the tokens stand for.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// `%h`: the host's name after `HostName`.
    pub host: &'a str,
    /// `%n`: the host as it was asked for.
    pub original: &'a str,
    /// `%p`
    pub port: u16,
    /// `%r`: the user on the host.
    pub user: &'a str,
}

/// Expands `%h %n %p %r %d %u %i %%`.
pub fn expand(value: &str, tokens: &Tokens<'_>, environment: &Environment) -> Result<String, String> {
    let mut expanded = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            expanded.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => expanded.push('%'),
            Some('h') => expanded.push_str(tokens.host),
            Some('n') => expanded.push_str(tokens.original),
            Some('p') => expanded.push_str(&tokens.port.to_string()),
            Some('r') => expanded.push_str(tokens.user),
            Some('d') => expanded.push_str(&environment.home.to_string_lossy()),
            Some('u') => expanded.push_str(&environment.user),
            Some('i') => expanded.push_str(&environment.user_id.to_string()),
            Some(other) => return Err(format!("the token %{other} in `{value}` is not supported")),
            None => return Err(format!("`{value}` ends in a lone %")),
        }
    }
    Ok(expanded)
}

/// Expands a path: variables, `~` and tokens; what is still relative is taken from the working directory, as ssh does.
pub fn expand_path(value: &str, tokens: &Tokens<'_>, environment: &Environment) -> Result<PathBuf, String> {
    let value = expand(&expand_variables(value)?, tokens, environment)?;
    match value.strip_prefix('~') {
        None => Ok(PathBuf::from(value)),
        Some("") => Ok(environment.home.clone()),
        Some(rest) => match rest.strip_prefix('/') {
            Some(below_home) => Ok(environment.home.join(Path::new(below_home))),
            None => Err(format!("`{value}` names another user's home, which is not supported")),
        },
    }
}

/// Expands `${NAME}` from the environment of this process; a variable that is not set is an error, as in ssh.
fn expand_variables(value: &str) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let after = &rest[start + 2..];
        let end = after.find('}').ok_or_else(|| format!("`${{` in `{value}` is not closed"))?;
        let name = &after[..end];
        let content =
            std::env::var(name).map_err(|_| format!("the variable {name} in `{value}` is not set"))?;
        expanded.push_str(&rest[..start]);
        expanded.push_str(&content);
        rest = &after[end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}
