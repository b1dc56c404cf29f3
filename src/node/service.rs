//! How Cassandra is stopped and started on a node: the choice, and the arguments that the restart job gets.

use crate::facts::{LayoutKind, Service};
use crate::input::inventory::Cassandra;

/// What was found on the node.
pub(super) struct Found<'a> {
    /// systemd runs as the first process.
    pub systemd: bool,
    /// The unit in whose control group the process is, if it is Cassandra's own.
    pub unit_of_process: Option<&'a str>,
    /// Unit files with a usual name, or with the one that the inventory gives.
    pub units: Vec<&'a str>,
    /// Scripts in `/etc/init.d`, likewise.
    pub scripts: Vec<&'a str>,
    pub is_running: bool,
}

/// The service that runs Cassandra, or why it cannot be told. What the inventory says goes first, then the process's own
/// unit. Names alone are believed for packages only: beside a tarball, a unit called `cassandra` may be what a package
/// left behind, and to start it would start another Cassandra.
pub(super) fn choose(found: &Found, inventory: &Cassandra, kind: LayoutKind) -> Result<Service, String> {
    if let Some(service) = &inventory.service {
        return named(found, service);
    }
    if let Some(start) = &inventory.start {
        return Ok(Service::Command { start: start.clone(), stop: inventory.stop.clone() });
    }
    if let Some(unit) = found.unit_of_process {
        return Ok(Service::Systemd { unit: unit.into() });
    }
    let usual_name = match kind {
        LayoutKind::DebianPackage | LayoutKind::RpmPackage => "cassandra",
        LayoutKind::DsePackage => "dse",
        LayoutKind::ApacheTarball | LayoutKind::DseTarball | LayoutKind::Explicit => {
            return Err(match found.is_running {
                true => "the running process belongs to no service".into(),
                false => "it does not run, and it came from no package".into(),
            });
        }
    };
    by_name(found, usual_name).ok_or_else(|| format!("there is no service `{usual_name}`"))
}

fn named(found: &Found, service: &str) -> Result<Service, String> {
    let unit = with_suffix(service);
    // An instance of a template unit (`cassandra@a`) has no file of its own.
    let is_known = found.unit_of_process == Some(unit.as_str()) || service.contains('@');
    if found.systemd && is_known {
        return Ok(Service::Systemd { unit });
    }
    by_name(found, service)
        .ok_or_else(|| format!("there is no service `{service}`, which the inventory names"))
}

fn by_name(found: &Found, service: &str) -> Option<Service> {
    let unit = with_suffix(service);
    let script_name = unit.trim_end_matches(".service");
    let script = found.scripts.iter().find(|script| script.rsplit('/').next() == Some(script_name));
    if found.systemd && (found.units.contains(&unit.as_str()) || script.is_some()) {
        return Some(Service::Systemd { unit });
    }
    script.map(|script| Service::Sysv { script: script.to_string() })
}

fn with_suffix(service: &str) -> String {
    if service.ends_with(".service") { service.into() } else { format!("{service}.service") }
}

/// A service as three words for a script: its kind, what starts it, what stops it.
pub(super) fn arguments(service: &Service) -> [String; 3] {
    match service {
        Service::Systemd { unit } => ["systemd".into(), unit.clone(), unit.clone()],
        Service::Sysv { script } => ["sysv".into(), script.clone(), script.clone()],
        Service::Command { start, stop } => {
            ["command".into(), start.clone(), stop.clone().unwrap_or_default()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// systemd, the process's unit, units, scripts, the inventory, the layout, the choice.
    type Case<'a> =
        (bool, Option<&'a str>, &'a [&'a str], &'a [&'a str], Cassandra, LayoutKind, Result<Service, String>);

    fn systemd(unit: &str) -> Result<Service, String> {
        Ok(Service::Systemd { unit: unit.into() })
    }

    #[test]
    fn the_inventory_goes_first_then_the_units_own_then_the_usual_name_for_packages_only() {
        let nothing = Cassandra::default;
        let service = |name: &str| Cassandra { service: Some(name.into()), ..nothing() };
        let start = Cassandra { start: Some("/opt/c/bin/cassandra".into()), ..nothing() };
        let package = LayoutKind::DebianPackage;
        let tarball = LayoutKind::ApacheTarball;
        let script = "/etc/init.d/cassandra";
        let a_script = [script];
        let cases: Vec<Case> = vec![
            (true, Some("cassandra.service"), &[], &[], nothing(), package, systemd("cassandra.service")),
            (
                true,
                Some("orders-db.service"),
                &["cassandra.service"],
                &[],
                nothing(),
                tarball,
                systemd("orders-db.service"),
            ),
            (true, None, &[], &a_script, nothing(), package, systemd("cassandra.service")),
            (false, None, &[], &a_script, nothing(), package, Ok(Service::Sysv { script: script.into() })),
            (
                true,
                None,
                &["dse.service", "cassandra.service"],
                &[],
                nothing(),
                LayoutKind::DsePackage,
                systemd("dse.service"),
            ),
            (
                true,
                None,
                &["cassandra.service"],
                &[],
                nothing(),
                tarball,
                Err("the running process belongs to no service".into()),
            ),
            (
                true,
                Some("x.service"),
                &["my-db.service"],
                &[],
                service("my-db"),
                tarball,
                systemd("my-db.service"),
            ),
            (true, None, &[], &[], service("cassandra@a"), tarball, systemd("cassandra@a.service")),
            (
                true,
                None,
                &[],
                &[],
                service("typo"),
                package,
                Err("there is no service `typo`, which the inventory names".into()),
            ),
            (true, None, &[], &[], nothing(), package, Err("there is no service `cassandra`".into())),
            (
                true,
                Some("cassandra.service"),
                &[],
                &[],
                start,
                tarball,
                Ok(Service::Command { start: "/opt/c/bin/cassandra".into(), stop: None }),
            ),
        ];
        for (systemd, unit_of_process, units, scripts, inventory, kind, expected) in cases {
            let found = Found {
                systemd,
                unit_of_process,
                units: units.into(),
                scripts: scripts.into(),
                is_running: true,
            };
            assert_eq!(choose(&found, &inventory, kind), expected);
        }
    }
}
