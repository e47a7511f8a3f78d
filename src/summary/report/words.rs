//! The answer in sentences, and how numbers are written.

use crate::summary::crossings::{Along, Crossings};
use crate::summary::surface::Surface;
use crate::sweep::Sweep;

/// A number with four significant digits, thousands apart.
pub(super) fn number(x: f64) -> String {
    if !x.is_finite() {
        return if x > 0.0 { "∞".to_owned() } else { x.to_string() };
    }
    let size = x.abs();
    if x == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e7).contains(&size) {
        format!("{x:.2e}")
    } else if size >= 1000.0 {
        grouped(libm::round(x) as i64)
    } else {
        let decimals = (3.0 - libm::floor(libm::log10(size))).max(0.0) as usize;
        let text = format!("{x:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

/// A whole number with its thousands apart.
pub(super) fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "−" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in percent: whole, but for those that would be rounded to 0 or 100.
pub(super) fn percent(p: f64) -> String {
    let hundredths = 100.0 * p;
    if (hundredths > 0.0 && hundredths < 0.95) || (hundredths > 99.05 && hundredths < 100.0) {
        format!("{hundredths:.1} %")
    } else {
        format!("{hundredths:.0} %")
    }
}

/// A time in a unit that fits it.
pub(super) fn time(seconds: f64) -> String {
    match seconds {
        3600.0.. => format!("{} hours", number(seconds / 3600.0)),
        60.0.. => format!("{} minutes", number(seconds / 60.0)),
        _ => format!("{} seconds", number(seconds)),
    }
}

/// The outage probability whose line the report follows.
pub(super) fn level(sweep: &Sweep) -> String {
    if sweep.level() == 0.5 { "one half".to_owned() } else { format!("{} %", number(100.0 * sweep.level())) }
}

/// Where a line lies: the points of the other axes.
pub(super) fn place(sweep: &Sweep, along: usize, first_cell: u32) -> Vec<String> {
    let points = sweep.coordinates(first_cell).into_iter().enumerate();
    points
        .filter(|(axis, _)| *axis != along)
        .map(|(axis, point)| super::data::label(&sweep.axes[axis], point))
        .collect()
}

/// The sentences that answer the sweep's question as far as an outage probability does.
pub(super) fn answer(surface: &Surface, crossings: &Crossings) -> Vec<String> {
    let cells = surface.cells();
    let (low, high) = cells.iter().fold((1.0_f64, 0.0_f64), |(low, high), cell| {
        (low.min(cell.outage_probability), high.max(cell.outage_probability))
    });
    let runs = cells.iter().map(|cell| cell.replicates).sum::<u64>() as i64;
    let sides = || cells.iter().map(|cell| cell.interval().side_of(surface.sweep().level()));
    let [above, below] = [true, false].map(|side| sides().filter(|of| *of == Some(side)).count());
    let mut sentences = Vec::new();
    match cells {
        [] => sentences.push("No run is finished yet.".to_owned()),
        [cell] => sentences.push(format!(
            "The outage probability is {} ({} … {}), by {} runs.",
            percent(cell.outage_probability),
            percent(cell.outage_probability_low),
            percent(cell.outage_probability_high),
            grouped(runs)
        )),
        _ => {
            sentences.push(format!(
                "Over the {} cells of the sweep the outage probability goes from {} to {}, by {} runs.",
                grouped(cells.len() as i64),
                percent(low),
                percent(high),
                grouped(runs)
            ));
            sentences.push(format!(
                "It is surely below {} in {below} of them, surely above in {above}, and not decided in {}.",
                level(surface.sweep()),
                cells.len() - below - above
            ));
        }
    }
    sentences.extend(crossings.along.last().map(|along| crossing_sentence(surface.sweep(), along)));
    sentences
}

fn crossing_sentence(sweep: &Sweep, along: &Along) -> String {
    let (name, lines) = (&sweep.axes[along.axis].name, &along.lines);
    let found: Vec<f64> = lines.iter().flat_map(|line| &line.crossings).map(|crossing| crossing.at).collect();
    let lie = |side: bool| lines.iter().filter(|line| line.crossings.is_empty() && line.side == Some(side)).count();
    let crossed = lines.iter().filter(|line| !line.crossings.is_empty()).count();
    let lowest = found.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let level = level(sweep);
    let mut text = match (found.len(), lines.len()) {
        (0, _) => format!("Along {name} it crosses {level} nowhere"),
        (1, 1) => format!("Along {name} it crosses {level} at {}", number(lowest)),
        (_, all) => format!(
            "Along {name} it crosses {level} between {} and {}, on {crossed} of {all} lines",
            number(lowest),
            number(highest),
        ),
    };
    for (lines, words) in [(lie(false), "surely below everywhere"), (lie(true), "surely above everywhere")] {
        if lines > 0 {
            text += &format!("; {lines} {} {words}", if lines == 1 { "lies" } else { "lie" });
        }
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        for (x, text) in [
            (0.0, "0"),
            (0.02190890, "0.02191"),
            (1.0, "1"),
            (13.25, "13.25"),
            (99.5, "99.5"),
            (1234567.0, "1,234,567"),
            (2.5e9, "2.50e9"),
            (-0.5, "-0.5"),
            (f64::INFINITY, "∞"),
        ] {
            assert_eq!(number(x), text);
        }
        assert_eq!([90.0, 5400.0, 0.25].map(time), ["1.5 minutes", "1.5 hours", "0.25 seconds"]);
        assert_eq!((grouped(-1234).as_str(), grouped(999).as_str()), ("−1,234", "999"));
    }

    #[test]
    fn a_share_that_is_not_certain_is_never_written_as_if_it_were() {
        for (p, text) in [(0.0, "0 %"), (0.004, "0.4 %"), (0.43, "43 %"), (0.996, "99.6 %"), (1.0, "100 %")] {
            assert_eq!(percent(p), text);
        }
    }
}
