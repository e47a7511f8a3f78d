//! Where the surface crosses a level.

use crate::support::*;

/// All clients crash at once and nobody logs in again: every run has an outage, unless the horizon comes too soon for one.
const COINS: &str = concat!(
    everybody_crashes!("coins", 14.0),
    r#"[[axis]]
parameter = "outage.min_duration_h"
values = [0.5, 1.0, 2.0, 3.0]
[[axis]]
name = "server"
variants = [{ label = "as it was" }, { label = "drops", login.drop_expired = true }]
[replicates]
at_least = 20
at_most = 20
"#
);

#[test]
fn a_line_with_a_certain_crossing_has_it_between_the_two_points_and_is_monotone() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("coins.toml"), folder.path().join("out"));
    std::fs::write(&sweep, COINS).unwrap();
    let (sweep, out) = (sweep.to_str().unwrap(), out.to_str().unwrap());
    fail(2, &["crossings", out]);
    succeed(&["run", sweep, "--out", out, "--shard", "0/2"]);
    assert!(fail(2, &["crossings", out]).contains("the sweep is not complete"));
    succeed(&["run", sweep, "--out", out]);

    let json: serde_json::Value = serde_json::from_str(&succeed(&["crossings", out, "--format", "json"])).unwrap();
    let along = &json["axes"][0];
    assert_eq!((&json["level"], json["axes"].as_array().unwrap().len()), (&0.5.into(), 1));
    assert_eq!((&along["along"], &along["pairs_tested"]), (&"outage.min_duration_h".into(), &10.into()));
    assert!(along["reversal"].is_null());
    let lines = along["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let crossing = &line["crossings"][0];
        assert_eq!((&crossing["low"], &crossing["high"]), (&2.0.into(), &3.0.into()));
        assert_eq!((&crossing["direction"], &crossing["crossing"]), (&"falls".into(), &2.5.into()));
    }
    assert_eq!(lines[1]["at"]["server"], "drops");

    let csv = succeed(&["crossings", out, "--format", "csv", "--level", "0.1"]);
    assert!(csv.starts_with("along,outage.min_duration_h,server,direction,crossing,low,high\n"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.contains("\noutage.min_duration_h,,as it was,falls,"), "{csv}");
    let text = succeed(&["crossings", out]);
    assert!(text.contains("falls through it at 2.5  [2, 3]") && text.contains("No line is seen to rise"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for level in ["0", "1", "nan", "half"] {
        assert!(fail(2, &["crossings", out, "--level", level]).contains("between 0 and 1"));
    }
}
