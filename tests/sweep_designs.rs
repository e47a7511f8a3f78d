//! Designs that are no grid: where their cells lie, that they are read back as they were written, and what is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use critmass::sweep::{Axis, AxisPoints, Sweep};
use parquet::arrow::ArrowWriter;

const AXES: &str = "[[axis]]\nparameter = \"overlay.supernode_ratio\"\nlogarithmic = { from = 0.01, to = 0.04 }\n\
                    [[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0 }\n\
                    [[axis]]\nparameter = \"overlay.slots\"\nlinear = { from = 50, to = 57 }\n\
                    [[axis]]\nname = \"server\"\nvariants = [ { label = \"as it is\" }, { label = \"none\", \
                    login.capacity_per_s_per_million = inf } ]\n";

fn read(text: &str) -> Sweep {
    let text = format!("name = \"t\"\nseed = 7\n{text}");
    Sweep::parse(&text, "t.toml", &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn design(kind: &str, points: u32) -> Sweep {
    read(&format!("[design]\nkind = \"{kind}\"\npoints = {points}\n{AXES}"))
}

/// What the axes say of a cell.
fn labels(sweep: &Sweep, cell: u32) -> Vec<String> {
    (0..sweep.axes.len()).map(|axis| sweep.label(axis, cell).unwrap().to_string()).collect()
}

fn all_labels(sweep: &Sweep) -> Vec<Vec<String>> {
    (0..sweep.cells()).map(|cell| labels(sweep, cell)).collect()
}

/// The share of the range of an axis that lies below the value of a cell.
fn share(sweep: &Sweep, axis: usize, cell: u32) -> f64 {
    let x: f64 = sweep.label(axis, cell).unwrap().to_string().parse().unwrap();
    if axis == 0 { libm::log(x / 0.01) / libm::log(4.0) } else { x }
}

fn read_back(sweep: &Sweep) {
    let again = Sweep::parse(&sweep.canonical, "c.toml", &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((&again.canonical, &again.hash), (&sweep.canonical, &sweep.hash));
    assert_eq!(all_labels(&again), all_labels(sweep));
}

fn count<T: Ord>(mut values: Vec<T>) -> usize {
    values.sort();
    values.dedup();
    values.len()
}

#[test]
fn a_latin_hypercube_has_one_cell_in_each_stratum_of_each_axis() {
    let sweep = design("latin-hypercube", 96);
    assert_eq!(sweep.cells(), 96);
    for axis in [0, 1] {
        let strata: Vec<u32> = (0..96).map(|cell| (96.0 * share(&sweep, axis, cell)) as u32).collect();
        assert_eq!(count(strata), 96);
    }
    let number = |axis: usize, label: &str| (0..96).filter(|&cell| labels(&sweep, cell)[axis] == label).count();
    assert!((50..=57).all(|slots| number(2, &slots.to_string()) == 12), "each whole number has its share");
    assert_eq!((number(3, "as it is"), number(3, "none")), (48, 48));
    read_back(&sweep);
    let other = Sweep::parse(&sweep.canonical, "c.toml", &["seed=8".to_owned()]).unwrap();
    assert_ne!(all_labels(&other), all_labels(&sweep));
}

#[test]
fn sobol_points_fill_every_box_and_more_of_them_keep_those_that_there_are() {
    let sweep = design("sobol", 64);
    // Of the first two axes each of the 64 boxes of 2^-a by 2^-(6 − a) has one.
    for a in 0..=6 {
        let place = |cell| {
            let [x, y] = [0, 1].map(|axis| share(&sweep, axis, cell));
            ((x * f64::from(1 << a)) as u32, (y * f64::from(64 >> a)) as u32)
        };
        assert_eq!(count((0..64).map(place).collect()), 64, "{a}");
    }
    let more = design("sobol", 100);
    assert_eq!(all_labels(&more)[..64], all_labels(&sweep));
    assert!((0..64).all(|cell| sweep.common_run(cell, &more, cell, 3).is_some()));
    assert!(sweep.notes.is_empty() && more.notes[0].contains("100 points are no power of two"), "{:?}", more.notes);
    read_back(&sweep);
    read_back(&more);
    // For ever.
    assert_eq!(labels(&sweep, 5), ["0.0147832095354", "0.387650143704", "57", "as it is"]);
}

#[test]
fn an_axis_has_each_of_its_points_once_and_in_order() {
    let sweep = design("sobol", 64);
    for axis in &sweep.axes {
        let Axis { points: AxisPoints::Values { values, .. }, .. } = axis else { continue };
        assert!(values.windows(2).all(|pair| pair[0].as_f64() < pair[1].as_f64()), "{}", axis.name);
    }
    assert_eq!((sweep.axes[0].size(), sweep.axes[2].size(), sweep.axes[3].size()), (64, 8, 2));
}

/// A sweep whose points are in a file beside it.
fn with_file(folder: &Path, file: &str, rest: &str) -> Result<Sweep, String> {
    let text = format!("name = \"t\"\n[design]\nkind = \"points\"\nfile = \"{file}\"\n{rest}");
    let path = folder.join("sweep.toml");
    fs::write(&path, text).unwrap();
    Sweep::read(&path, &[]).map_err(|error| error.to_string())
}

const SERVER: &str = "[[axis]]\nname = \"server\"\nvariants = [ { label = \"as it is\" }, { label = \"none\", \
                      login.capacity_per_s_per_million = inf } ]\n";

#[test]
fn points_are_read_from_csv_and_parquet_alike_and_need_the_file_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "server,overlay.slots,updates.synchronization,login.discipline\nnone,75,0.5,lifo\nas it is, 75.0 ,0.25,fifo\n\
               none,60,0.5,fifo\n";
    fs::write(folder.path().join("points.csv"), csv).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("server", Arc::new(StringArray::from(vec!["none", "as it is", "none"]))),
        ("overlay.slots", Arc::new(Int32Array::from(vec![75, 75, 60]))),
        ("updates.synchronization", Arc::new(Float64Array::from(vec![0.5, 0.25, 0.5]))),
        ("login.discipline", Arc::new(StringArray::from(vec!["lifo", "fifo", "fifo"]))),
    ];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    let file = fs::File::create(folder.path().join("points.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    let [csv, parquet] = ["points.csv", "points.parquet"].map(|file| with_file(folder.path(), file, SERVER).unwrap());
    assert_eq!(csv.hash, parquet.hash);
    assert_eq!(
        all_labels(&csv),
        [["none", "75", "0.5", "\"lifo\""], ["as it is", "75", "0.25", "\"fifo\""], ["none", "60", "0.5", "\"fifo\""]]
    );
    assert_eq!(csv.cell_scenario(2).overlay.slots, 60);
    assert!(csv.cell_scenario(2).login.capacity_per_s_per_million.is_infinite());
    drop(folder);
    read_back(&csv);
}

#[test]
fn mistakes_of_a_file_of_points_are_said_with_row_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |text: &str, rest: &str| {
        fs::write(folder.path().join("p.csv"), text).unwrap();
        with_file(folder.path(), "p.csv", rest).map(|_| text.to_owned()).unwrap_err()
    };
    for (text, rest, fragments) in [
        (
            "overlay.slots\n75\n0\n",
            "",
            &["sweep.toml:4:", "p.csv, row 2 (from 1), column overlay.slots:", "0 is not allowed", "1 … "][..],
        ),
        ("overlay.slots\n75\nmany\n", "", &["row 2", "\"many\" is not allowed"]),
        (
            "overlay.slots,updates.synchronization\n75,\n",
            "",
            &["row 1", "column updates.synchronization", "\"\" is not allowed"],
        ),
        ("overlay.slots\n7.5\n", "", &["7.5 is not allowed"]),
        ("overlay.slotz\n75\n", "", &["column overlay.slotz", "did you mean overlay.slots?"]),
        ("overlay.slots,overlay.slots\n75,76\n", "", &["two columns are called \"overlay.slots\""]),
        ("overlay.slots\n75\n76\n75\n", "", &["the points 1 and 3 (from 1) are the same"]),
        ("overlay.slots\n", "", &["the file has 0 rows"]),
        ("overlay.slots\n75,3\n", "", &["p.csv:", "record"]),
        ("server\nelse\n", SERVER, &["row 1", "column server", "\"else\" is no label", "as it is, none"]),
        ("overlay.slots\n75\n", SERVER, &["no column \"server\""]),
        (
            "login.capacity_per_s_per_million,server\n75,none\n",
            SERVER,
            &["the parameter is on two axes, \"server\" and this column"],
        ),
        (
            "login.timeout_s\n75\n",
            "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [3]\n",
            &["overlay.slots has points of its own"],
        ),
        (
            "overlay.slots\n75\n",
            "[uncertain]\noverlay.slots = { uniform = { from = 5, to = 9 } }\n",
            &["on an axis", "factor"],
        ),
        (
            "retry.base_s,retry.cap_s\n10,20\n30,20\n",
            "",
            &["retry.cap_s", "in the cells with retry.base_s = 30.0, retry.cap_s = 20.0"],
        ),
    ] {
        let message = refused(text, rest);
        for fragment in fragments {
            assert!(message.contains(fragment), "{text}\n  gave    {message}\n  without {fragment}");
        }
    }
    let message = with_file(folder.path(), "absent.csv", "").unwrap_err();
    assert!(message.contains("absent.csv:") && message.contains("os error 2"), "{message}");
    fs::write(folder.path().join("p.parquet"), "PAR1 no such thing PAR1").unwrap();
    for (file, said) in [("p.parquet", "p.parquet:"), ("p.xlsx", ".csv or .parquet"), ("", ".csv or .parquet")] {
        let message = with_file(folder.path(), file, "").unwrap_err();
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn designs_that_cannot_be_are_refused() {
    let one = "[[axis]]\nparameter = \"overlay.slots\"\n";
    for (text, fragments) in [
        (
            format!("[design]\nkind = \"sobol\"\n{one}linear = {{ from = 5, to = 9 }}\n"),
            &["design.points", "the key is missing"][..],
        ),
        (
            format!("[design]\nkind = \"sobol\"\npoints = 8\n{one}linear = {{ from = 5, to = 9 }}\n"),
            &["design.points", "are the same: the axes have not so many"],
        ),
        (
            format!("[design]\nkind = \"sobol\"\npoints = 4\n{one}linear = {{ from = 5, to = 5 }}\n"),
            &["more than from, 5"],
        ),
        (format!("[design]\nkind = \"sobol\"\npoints = 4\n{one}logarithmic = {{ from = 0, to = 5 }}\n"), &["t.toml:"]),
        ("[design]\nkind = \"sobol\"\npoints = 4\n".to_owned(), &["the sweep has 0 axes; expected 1 … 256"]),
        ("[design]\nkind = \"sobol\"\npoints = 100000\n".to_owned(), &["design.points", "1 … 65536"]),
        (
            format!(
                "[design]\nkind = \"latin-hypercube\"\npoints = 4\nfile = \"x.csv\"\n{one}linear = {{ from = 5, to = 9 }}\n"
            ),
            &["design.file", "the design latin-hypercube does not take this key"],
        ),
        (
            format!("[design]\nkind = \"grid\"\npoints = 4\n{one}values = [3]\n"),
            &["design.points", "the design grid does not take"],
        ),
        (format!("{one}linear = {{ from = 5, to = 9 }}\n"), &["points: the key is missing"]),
        ("[design]\nkind = \"points\"\n".to_owned(), &["expected file or cells"]),
        (
            "[design]\nkind = \"points\"\nfile = \"x.csv\"\ncells = [[0]]\n".to_owned(),
            &["file and cells exclude each other"],
        ),
        (
            format!("[design]\nkind = \"points\"\ncells = [[0], [2]]\n{one}values = [3, 4]\n"),
            &["design.cells", "2 is not allowed", "the axis overlay.slots, 0 … 1"],
        ),
        (
            format!("[design]\nkind = \"points\"\ncells = [[0, 1]]\n{one}values = [3, 4]\n"),
            &["cell 0 has 2 numbers; expected one for each of 1 axes"],
        ),
        ("[design]\nkind = \"points\"\ncells = []\n".to_owned(), &["0 cells over 0 axes"]),
        (
            format!(
                "[design]\nkind = \"sobol\"\npoints = 4\n{one}linear = {{ from = 5, to = 90 }}\n[refine]\nlevel = 0.5\nrounds = 2\n"
            ),
            &["refine", "between those of a grid"],
        ),
        (
            format!("[design]\nkind = \"sobol\"\npoints = 4\n{one}linear = {{ from = 5, to = 90 }}\n[compare]\n"),
            &["compare", "of a grid"],
        ),
        ("[design]\nkind = \"spiral\"\n".to_owned(), &["\"grid\" or \"latin-hypercube\" or \"sobol\" or \"points\""]),
    ] {
        let message = match Sweep::parse(&format!("name = \"t\"\n{text}"), "t.toml", &[]) {
            Ok(_) => panic!("this was accepted: {text}"),
            Err(error) => error.to_string(),
        };
        for fragment in fragments {
            assert!(message.contains(fragment), "{text}\n  gave    {message}\n  without {fragment}");
        }
    }
}

#[test]
fn points_are_checked_cell_by_cell_and_not_as_a_grid() {
    // The base of one cell is above the cap of another one.
    let axis = |name: &str, values: &str| format!("[[axis]]\nparameter = \"{name}\"\nvalues = {values}\n");
    let axes = axis("retry.base_s", "[10.0, 500.0]") + &axis("retry.cap_s", "[20.0, 900.0]");
    let cells = |cells: &str| format!("name = \"t\"\n[design]\nkind = \"points\"\ncells = {cells}\n{axes}");
    let sweep = Sweep::parse(&cells("[[0, 0], [1, 1]]"), "t.toml", &[]).unwrap();
    read_back(&sweep);
    assert!(Sweep::parse(&cells("[[0, 0], [1, 0]]"), "t.toml", &[]).is_err());
}
