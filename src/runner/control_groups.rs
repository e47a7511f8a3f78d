//! How much memory the control groups of this process leave to it. On Linux these are how Slurm, systemd and containers
//! limit what they start; elsewhere there are none.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// A hierarchy of control groups in which memory can be limited, and how its files are called.
struct Hierarchy {
    /// Whether a line of `/proc/self/cgroup` with these controllers is of it.
    is_own: fn(&str) -> bool,
    /// Whether a mount with this type and these options is of it.
    is_mounted: fn(&str, &str) -> bool,
    limit: &'static str,
    used: &'static str,
    /// What the kernel takes back before it refuses memory: lines of `memory.stat`, those below the group included.
    reclaimable: &'static [&'static str],
}

const HIERARCHIES: [Hierarchy; 2] = [
    Hierarchy {
        is_own: str::is_empty,
        is_mounted: |kind, _| kind == "cgroup2",
        limit: "memory.max",
        used: "memory.current",
        reclaimable: &["inactive_file", "active_file", "slab_reclaimable"],
    },
    Hierarchy {
        is_own: |controllers| is_in_list("memory", controllers),
        is_mounted: |kind, options| kind == "cgroup" && is_in_list("memory", options),
        limit: "memory.limit_in_bytes",
        used: "memory.usage_in_bytes",
        reclaimable: &["total_inactive_file", "total_active_file"],
    },
];

fn is_in_list(word: &str, list: &str) -> bool {
    list.split(',').any(|of| of == word)
}

/// The least that any control group between the one of this process and the root leaves, bytes; `None` where none
/// limits the memory. `root` is the root of the file system, in which `/proc` and `/sys` are.
pub(super) fn left_bytes(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
    HIERARCHIES.iter().filter_map(|hierarchy| left_in(hierarchy, root, &groups, &mounts)).min()
}

fn left_in(hierarchy: &Hierarchy, root: &Path, groups: &str, mounts: &str) -> Option<u64> {
    let own = groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        (hierarchy.is_own)(fields.next()?).then(|| fields.next().map(Path::new)).flatten()
    })?;
    let mounts: Vec<(PathBuf, PathBuf)> = mounts.lines().filter_map(|line| mount_of(hierarchy, line)).collect();
    // Of several mounts, one that shows the own group.
    let (top, mount) = mounts.iter().find(|(top, _)| own.starts_with(top)).or(mounts.first())?;
    let mount = root.join(mount.strip_prefix("/").unwrap_or(mount));
    // A container sees a part of the hierarchy: what lies outside of it says nothing of where its mount begins.
    let below = own.strip_prefix(top).ok().filter(|below| below.components().all(|part| part != Component::ParentDir));
    let group = mount.join(below.unwrap_or(Path::new("")));
    group.ancestors().take_while(|group| group.starts_with(&mount)).filter_map(|group| left_by(hierarchy, group)).min()
}

/// Which group a mount shows, and where, if a line of `mountinfo` is a mount of the hierarchy.
fn mount_of(hierarchy: &Hierarchy, line: &str) -> Option<(PathBuf, PathBuf)> {
    let (place, what) = line.split_once(" - ")?;
    let (mut place, mut what) = (place.split(' ').skip(3), what.split(' '));
    let (top, mount) = (place.next()?, place.next()?);
    let (kind, options) = (what.next()?, what.nth(1)?);
    (hierarchy.is_mounted)(kind, options).then(|| (unescaped(top), unescaped(mount)))
}

/// A path of `mountinfo`, in which white space and backslashes are written as octal numbers.
fn unescaped(path: &str) -> PathBuf {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(path.to_owned(), |path, (escape, meant)| path.replace(escape, meant)).into()
}

/// What one group leaves, bytes; `None` if it has no limit. ("max" is none, and so is the number near 2⁶³ of version 1.)
fn left_by(hierarchy: &Hierarchy, group: &Path) -> Option<u64> {
    let number = |file: &str| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let limit = number(hierarchy.limit).filter(|&limit| limit < 1 << 62)?;
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let lines = statistics.lines().filter_map(|line| line.split_once(' '));
    let reclaimable: u64 = lines
        .filter(|(name, _)| hierarchy.reclaimable.contains(name))
        .filter_map(|(_, bytes)| bytes.trim().parse::<u64>().ok())
        .fold(0, u64::saturating_add);
    let used = number(hierarchy.used).unwrap_or(0).saturating_sub(reclaimable);
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                      32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

    /// What is left on a machine with these groups of the process, mounts, and files below `/sys/fs/cgroup`.
    fn left(groups: &str, mounts: &str, files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(root.path().join("proc/self/cgroup"), groups);
        write(root.path().join("proc/self/mountinfo"), mounts);
        files.iter().for_each(|(file, text)| write(root.path().join("sys/fs/cgroup").join(file), text));
        left_bytes(root.path())
    }

    fn mib(n: u64) -> String {
        format!("{}\n", n * MIB)
    }

    #[test]
    fn the_cache_of_a_full_container_is_free() {
        let stat = format!("anon {}\nfile {2}\ninactive_file {1}\nactive_file {1}\n", 100 * MIB, 400 * MIB, 800 * MIB);
        let files = [("memory.max", &*mib(1024)), ("memory.current", &mib(1020)), ("memory.stat", &stat)];
        assert_eq!(left("0::/\n", V2, &files), Some((1024 - 1020 + 800) * MIB));
        let stat =
            format!("inactive_file 1\nactive_file 1\ntotal_inactive_file {0}\ntotal_active_file {0}\n", 400 * MIB);
        let files = [
            ("memory/memory.limit_in_bytes", &*mib(1024)),
            ("memory/memory.usage_in_bytes", &mib(1024)),
            ("memory/memory.stat", &stat),
        ];
        assert_eq!(left("4:memory:/\n", V1, &files), Some(800 * MIB));
    }

    #[test]
    fn the_limit_of_a_job_is_seen_below_the_root_and_above_the_own_group() {
        let own = "0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n";
        let job = "system.slice/slurmstepd.scope/job_7";
        let files = [
            (format!("{job}/memory.max"), mib(2000)),
            (format!("{job}/memory.current"), mib(500)),
            (format!("{job}/step_0/memory.max"), mib(3000)),
            (format!("{job}/step_0/user/memory.max"), "max\n".to_owned()),
            (format!("{job}/step_0/user/task_0/memory.max"), "max\n".to_owned()),
            // Of another job.
            ("system.slice/slurmstepd.scope/job_8/memory.max".to_owned(), mib(1)),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (&**file, &**text)).collect();
        assert_eq!(left(own, V2, &files), Some(1500 * MIB));
        let own = "9:name=systemd:/\n4:cpuacct,memory:/slurm/uid_1000/job_7/step_0\n";
        let files = [
            ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/slurm/uid_1000/job_7/memory.limit_in_bytes", &mib(700)),
            ("memory/slurm/uid_1000/job_7/memory.usage_in_bytes", &mib(100)),
            ("memory/slurm/uid_1000/job_7/step_0/memory.limit_in_bytes", &mib(800)),
        ];
        assert_eq!(left(own, V1, &files), Some(600 * MIB));
    }

    #[test]
    fn where_nothing_is_limited_nothing_is_said() {
        assert_eq!(left("0::/user.slice\n", V2, &[("user.slice/memory.max", "max\n")]), None);
        let unlimited = [("memory/a/memory.limit_in_bytes", "9223372036854771712\n")];
        assert_eq!(left("4:memory:/a\n", V1, &unlimited), None);
        for (groups, mounts) in [("", ""), ("0::/\n", ""), ("", V2), ("nonsense", "- - -"), ("4:memory:/gone\n", V1)] {
            assert_eq!(left(groups, mounts, &[]), None, "{groups:?} {mounts:?}");
        }
        assert_eq!(left_bytes(Path::new("/no/such/root")), None);
    }

    #[test]
    fn a_container_that_sees_a_part_of_the_hierarchy_finds_its_limit_where_its_mount_begins() {
        let files = [("memory.max", &*mib(50)), ("memory.current", &mib(60))];
        let mounted = "30 23 0:26 /docker/a\\040b /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        for own in ["0::/docker/a b\n", "0::/\n", "0::/../../other\n"] {
            assert_eq!(left(own, mounted, &files), Some(0), "{own}");
        }
        let two = format!("29 23 0:26 /docker/c /elsewhere rw - cgroup2 cgroup2 rw\n{mounted}");
        assert_eq!(left("0::/docker/a b\n", &two, &files), Some(0));
        let inner = [("inner/memory.max", &*mib(20)), ("memory.max", &mib(50))];
        assert_eq!(left("0::/docker/a b/inner\n", mounted, &inner), Some(20 * MIB));
    }

    #[test]
    fn where_both_versions_are_mounted_the_smaller_limit_counts() {
        let mounts = format!("{V1}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        let own = "4:memory:/a\n0::/b\n";
        let v1 = ("memory/a/memory.limit_in_bytes", &*mib(30));
        assert_eq!(left(own, &mounts, &[v1]), Some(30 * MIB));
        assert_eq!(left(own, &mounts, &[v1, ("unified/b/memory.max", &mib(20))]), Some(20 * MIB));
    }
}
