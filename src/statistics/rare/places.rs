//! Where events are.

use super::proposal::{Place, square_of};

/// Places at most.
const PLACES: usize = 4;
/// Points of equal weight for each number of a place, at least.
const POINTS_PER_NUMBER: f64 = 4.0;
/// A place keeps this share at least, so that it is found again.
const SHARE_MIN: f64 = 0.05;
/// Points of one place are √(2 inputs) apart, give or take: what is this much farther is of another one.
const ANOTHER: f64 = 3.0;
/// Steps of the maximization.
const STEPS: usize = 30;
/// Points of equal weight below which weights are evened out, if there are twice as many points.
const EVEN: f64 = 40.0;
/// Places whose centres are closer than this belong together, in standard deviations.
const TOGETHER: f64 = 2.5;

/// A point and its weight.
pub(super) type Weighted<'a> = (f64, &'a [f64]);

/// The number of points of equal weight that say as much (Kish 1965).
pub(super) fn effective(weights: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Evens weights out, by a power, as far as it takes for so few points not to count for all: that would say more about
/// chance than about the event.
pub(super) fn evened(points: &mut [Weighted]) {
    let enough = (0.5 * points.len() as f64).min(EVEN);
    let raised = |power: f64| points.iter().map(move |(weight, _)| libm::pow(*weight, power));
    let powers = (0..=10).map(|step| 1.0 - 0.1 * f64::from(step));
    let power = powers.into_iter().find(|&power| effective(raised(power)) >= enough).unwrap_or(0.0);
    points.iter_mut().for_each(|(weight, _)| *weight = libm::pow(*weight, power));
}

/// The likeliest places of weighted points in a mixture of normal laws of unit variance (expectation and maximization:
/// Dempster, Laird, Rubin 1977, J. R. Stat. Soc. B 39:1); their shares sum to 1.
pub(super) fn places(points: &[Weighted]) -> Vec<Place> {
    let total: f64 = points.iter().map(|(weight, _)| weight).sum();
    if points.is_empty() || total <= 0.0 {
        return Vec::new();
    }
    let numbers = points[0].1.len() as f64 + 1.0;
    let known = effective(points.iter().map(|(weight, _)| *weight)) / (POINTS_PER_NUMBER * numbers);
    let mut places = first_places(points, (known as usize).clamp(1, PLACES));
    for _ in 0..STEPS {
        places = maximized(points, &places, total);
    }
    let all: f64 = places.iter().map(|place| place.share.max(SHARE_MIN)).sum();
    places.iter_mut().for_each(|place| place.share = place.share.max(SHARE_MIN) / all);
    places
}

/// The heaviest point, and then those of most weight and distance from the others: so many, and more where they are too
/// far away to be of the same place.
fn first_places(points: &[Weighted], count: usize) -> Vec<Place> {
    let inputs = points.first().map_or(0, |(_, z)| z.len()) as f64;
    let another = libm::sqrt(2.0 * inputs) + ANOTHER;
    let mut places: Vec<Place> = Vec::new();
    while places.len() < PLACES {
        let far = |z: &[f64]| places.iter().map(|place| square_of(z, &place.mean)).fold(1e3, f64::min);
        let score = |(weight, z): &Weighted| weight * far(z);
        let Some((_, z)) = points.iter().max_by(|a, b| score(a).total_cmp(&score(b))) else { break };
        if places.len() >= count && far(z) < another * another {
            break;
        }
        places.push(Place { share: 1.0, mean: z.to_vec() });
    }
    places
}

fn maximized(points: &[Weighted], places: &[Place], total: f64) -> Vec<Place> {
    let mut sums: Vec<Place> =
        places.iter().map(|place| Place { share: 0.0, mean: vec![0.0; place.mean.len()] }).collect();
    for (weight, z) in points {
        let exponents: Vec<f64> =
            places.iter().map(|place| libm::log(place.share) - 0.5 * square_of(z, &place.mean)).collect();
        let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let densities: Vec<f64> = exponents.iter().map(|exponent| libm::exp(exponent - most)).collect();
        let all: f64 = densities.iter().sum();
        for (sum, density) in sums.iter_mut().zip(&densities) {
            let part = weight * density / all;
            sum.share += part;
            sum.mean.iter_mut().zip(*z).for_each(|(sum, z)| *sum += part * z);
        }
    }
    sums.retain(|sum| sum.share > 1e-9 * total);
    for sum in &mut sums {
        sum.mean.iter_mut().for_each(|mean| *mean /= sum.share);
        sum.share /= total;
    }
    sums
}

/// The centre of the heaviest group of places that are close to each other.
pub(super) fn centre(places: &[Place]) -> Option<Vec<f64>> {
    let mut groups: Vec<Place> = Vec::new();
    for place in places {
        match groups.iter_mut().find(|group| square_of(&group.mean, &place.mean) < TOGETHER * TOGETHER) {
            None => groups.push(place.clone()),
            Some(group) => {
                let share = group.share + place.share;
                group.mean.iter_mut().zip(&place.mean).for_each(|(mean, other)| {
                    *mean = (*mean * group.share + other * place.share) / share;
                });
                group.share = share;
            }
        }
    }
    groups.into_iter().max_by(|a, b| a.share.total_cmp(&b.share)).map(|group| group.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_where_the_points_are() {
        let points: Vec<[f64; 2]> = (0..200)
            .map(|index| {
                let (angle, radius) = (f64::from(index) * 2.4, f64::from(index % 10) * 0.2);
                let at = if index < 150 { [4.0, 0.0] } else { [-1.0, -5.0] };
                [at[0] + radius * libm::cos(angle), at[1] + radius * libm::sin(angle)]
            })
            .collect();
        let weighted: Vec<Weighted> = points.iter().map(|z| (1.0, &z[..])).collect();
        let found = places(&weighted);
        assert!((found.iter().map(|place| place.share).sum::<f64>() - 1.0).abs() < 1e-12);
        for (at, share) in [([4.0, 0.0], 0.75), ([-1.0, -5.0], 0.25)] {
            let near = found.iter().filter(|place| square_of(&place.mean, &at) < 4.0);
            let sum = near.map(|place| place.share).sum::<f64>();
            assert!((sum - share).abs() < 0.1, "{found:?}");
        }
        let centre = centre(&found).unwrap();
        assert!(square_of(&centre, &[4.0, 0.0]) < 0.1, "{centre:?}");
        assert!(places(&[]).is_empty());
    }

    #[test]
    fn a_single_heavy_weight_does_not_decide() {
        let points: Vec<[f64; 1]> = (0..100).map(|index| [f64::from(index) / 100.0]).collect();
        let mut weighted: Vec<Weighted> = points.iter().map(|z| (1.0, &z[..])).collect();
        weighted[7].0 = 1e6;
        evened(&mut weighted);
        assert!(effective(weighted.iter().map(|(weight, _)| *weight)) >= 40.0);
        let mut even: Vec<Weighted> = points.iter().map(|z| (2.0, &z[..])).collect();
        evened(&mut even);
        assert!(even.iter().all(|(weight, _)| *weight == 2.0), "they are left alone");
    }
}
