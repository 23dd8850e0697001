//! On which addresses the cluster's processes listen: loopback and the private link, and nothing else.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::places::ADDRESS;
use super::process::Process;

/// A listening socket by the number of its inode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    inode: u64,
}

/// Where the cluster's processes listen in this machine's own network; those behind the link listen there.
const WANTED: &[&str] = &[
    "127.0.0.1:2379",
    "127.0.0.1:2380",
    "127.0.0.1:2381",
    "127.0.0.1:3080",
    "127.0.0.1:3081",
    "127.0.0.1:5000",
    "127.0.0.1:8053",
    "127.0.0.1:8083",
    "127.0.0.1:8084",
    "127.0.0.1:8086",
    "127.0.0.1:8087",
    "127.0.0.1:8180",
    "127.0.0.1:8181",
    "127.0.0.1:8182",
    "127.0.0.1:8443",
    "127.0.0.1:8880",
    "127.0.0.1:8881",
    "127.0.0.1:10248",
    "127.0.0.1:10249",
    "127.0.0.1:10256",
    "127.0.0.1:10257",
    "127.0.0.1:10259",
    "10.243.0.1:53",
    "10.243.0.1:4443",
    "10.243.0.1:6379",
    "10.243.0.1:6443",
    "10.243.0.1:8081",
    "10.243.0.1:9090",
    "10.243.0.1:10250",
];

/// Addresses that the cluster needs and on which a process other than these listens.
pub(crate) fn taken(own: &[Process]) -> Vec<SocketAddr> {
    let held: BTreeSet<u64> = own.iter().flat_map(|process| inodes(process.pid)).collect();
    let others: Vec<SocketAddr> =
        all().filter(|listener| !held.contains(&listener.inode)).map(|listener| listener.address).collect();
    let wanted = WANTED.iter().filter_map(|address| address.parse::<SocketAddr>().ok());
    wanted.filter(|wanted| others.iter().any(|other| collide(*wanted, *other))).collect()
}

/// Whether somebody listens on this port of loopback, or of every address.
pub(crate) fn is_held(port: u16) -> bool {
    let wanted = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    all().any(|listener| collide(wanted, listener.address))
}

/// Whether one cannot listen when the other does: the same port, and the same address or all of them.
fn collide(wanted: SocketAddr, other: SocketAddr) -> bool {
    let ip = other.ip().to_canonical();
    wanted.port() == other.port() && (ip.is_unspecified() || ip == wanted.ip())
}

/// Addresses beyond loopback and the private link on which one of these processes listens.
///
/// Read from the kernel's own tables of the network that this process is in; a process behind the link has
/// tables of its own, and what it listens on is reachable over the link only.
pub(crate) fn beyond(processes: &[Process]) -> BTreeSet<SocketAddr> {
    let held: BTreeSet<u64> = processes.iter().flat_map(|process| inodes(process.pid)).collect();
    all()
        .filter(|listener| held.contains(&listener.inode) && !is_private(listener.address.ip()))
        .map(|listener| listener.address)
        .collect()
}

fn all() -> impl Iterator<Item = Listener> {
    let tables = [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")];
    tables.into_iter().flat_map(|(table, state)| {
        let text = std::fs::read_to_string(Path::new("/proc/net").join(table)).unwrap_or_default();
        text.lines().filter_map(|line| parse(line, state)).collect::<Vec<_>>()
    })
}

fn is_private(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || ADDRESS.parse() == Ok(address)
}

/// The sockets that a process holds open.
fn inodes(pid: i32) -> Vec<u64> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets
        .filter_map(|target| target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
        .collect()
}

/// One line of the kernel's table, when its socket is in the wanted state.
fn parse(line: &str, state: &str) -> Option<Listener> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != state {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Groups of four bytes, each in the order of the machine's own, which is little endian here.
    let groups = (0..address.len() / 8).map(|n| u32::from_str_radix(address.get(n * 8..n * 8 + 8)?, 16).ok());
    let bytes: Vec<u8> =
        groups.collect::<Option<Vec<u32>>>()?.iter().flat_map(|group| group.to_le_bytes()).collect();
    let ip = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        _ => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    Some(Listener { address: SocketAddr::new(ip, port), inode: fields.get(9)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let line = "   0: 0100F30A:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        let listener = parse(line, "0A").unwrap();
        assert_eq!((listener.address.to_string().as_str(), listener.inode), ("10.243.0.1:6443", 4711));
        assert!(is_private(listener.address.ip()));
        assert_eq!(parse(line, "01"), None);
        assert_eq!(parse("  sl  local_address rem_address   st", "0A"), None);
        let all = "   1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 12 1";
        assert_eq!(parse(all, "0A").unwrap().address.to_string(), "[::]:8080");
        let mapped = "::ffff:127.0.0.1".parse().unwrap();
        assert!(is_private(mapped) && !is_private("0.0.0.0".parse().unwrap()));
    }

    #[test]
    fn one_address_or_all_of_them_keep_another_from_listening() {
        for (other, expected) in [
            ("127.0.0.1:2379", true),
            ("0.0.0.0:2379", true),
            ("[::]:2379", true),
            ("10.243.0.1:2379", false),
            ("127.0.0.1:2380", false),
        ] {
            assert_eq!(
                collide("127.0.0.1:2379".parse().unwrap(), other.parse().unwrap()),
                expected,
                "{other}"
            );
        }
        assert!(WANTED.iter().all(|address| address.parse::<SocketAddr>().is_ok_and(|a| is_private(a.ip()))));
    }

    #[test]
    fn a_socket_on_every_address_is_found_and_one_on_loopback_is_not() {
        let me = Process::with_id(i32::try_from(std::process::id()).unwrap()).unwrap();
        let loopback = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let before = beyond(&[me]);
        let open = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let found = beyond(&[me]);
        assert!(!before.contains(&loopback.local_addr().unwrap()));
        assert!(found.contains(&open.local_addr().unwrap()), "{found:?}");
        assert_eq!(beyond(&[]), BTreeSet::new());
    }
}
