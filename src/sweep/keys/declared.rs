//! The declarations: a module for each table, with a constant for each key.

use super::form::{Bounds, Form};
use super::table::{Key, Settings, Table, Without};

/// Most replicates of a cell.
const REPLICATES_MAX: u64 = 1_000_000;
/// Most points of one axis.
const POINTS_MAX: u64 = 10_000_000;
/// Most cells of a design that is no grid: the points of a Sobol sequence.
pub(in crate::sweep) const DESIGN_POINTS_MAX: u64 = 1 << 16;
/// Fewest runs that an estimate of a rare probability can be made of.
const RARE_RUNS_MIN: u64 = 2_000;
/// Smallest standard deviation of a beta law; below it the quantile would lose its precision.
const BETA_SD_MIN: f64 = 1e-6;

/// Declares tables: how each is written, which parameters it takes, what it is, and its keys with what they take, what
/// holds without them, and what they mean.
macro_rules! declare_tables {
    ($(
        $module:ident $written:literal, $settings:ident, $meaning:literal, $example:literal {
            $( $KEY:ident $name:literal: $form:expr, $without:expr, $key_meaning:literal; )*
        }
    )*) => {
        $(
            #[doc = $meaning]
            pub mod $module {
                use super::*;
                $(
                    #[doc = $key_meaning]
                    pub const $KEY: Key =
                        Key { name: $name, form: $form, without: $without, meaning: $key_meaning };
                )*
                /// The table.
                pub static TABLE: Table = Table {
                    written: $written,
                    meaning: $meaning,
                    keys: &[$($KEY),*],
                    settings: Settings::$settings,
                    example: $example,
                };
            }
        )*
    };
}

use Without::{Default, Else, Refused};

declare_tables! {
    file "At the top of the file", None,
        "What the sweep is called, and its parts.",
        "name = \"critical-mass\"\nquestion = \"How many may restart at once before the network goes down?\"\nseed = 2007\n" {
        NAME "name": Form::Name(100), Refused,
            "Short name of the sweep, which is part of the names of jobs.";
        QUESTION "question": Form::Text(""), Default("\"\""),
            "What the sweep is to answer, for people.";
        SEED "seed": Form::Seed, Default("0"),
            "Seed of the whole sweep. The same seed gives the same runs on every machine; another one gives other runs.";
        SCENARIO "scenario": Form::Table(&scenario::TABLE), Else("the defaults of all parameters"),
            "What all runs have in common.";
        AXES "axis": Form::Tables(&axis::TABLE), Else("a single cell"),
            "What is compared: the levers. The cells of the design are the product of all axes; the last one varies fastest.";
        UNCERTAIN "uncertain": Form::Table(&uncertain::TABLE), Else("nothing is drawn"),
            "What is not known: drawn anew for every replicate.";
        REPLICATES "replicates": Form::Table(&replicates::TABLE), Else("its defaults"),
            "How many runs a cell gets.";
        TRACES "traces": Form::Table(&traces::TABLE), Else("no traces"),
            "Which runs are kept as time series, too.";
        REFINE "refine": Form::Table(&refine::TABLE), Else("no other cells than those of the design"),
            "Where cells are put between others.";
        COMPARE "compare": Form::Table(&compare::TABLE), Else("cells are not compared"),
            "Which cells are compared with each other, replicate by replicate.";
        RARE "rare": Form::Table(&rare::TABLE), Else("there is nothing for critmass rare to do"),
            "How critmass rare looks for outages that hardly ever happen.";
        DESIGN "design": Form::Table(&design::TABLE), Else("the full grid"),
            "Which combinations of the axes are cells.";
        RUN "run": Form::Table(&run::TABLE), Else("its defaults"),
            "How a run is made.";
    }
    scenario "[scenario]", Values,
        "What all runs have in common: parameters under their dotted names (the rest keep their defaults), shocks and interventions.",
        "[scenario]\npopulation.clients = 200_000\ntime.horizon_h = 36.0\n" {
        SHOCKS "shock": Form::Tables(&shock::TABLE), Else("no shocks"),
            "Crashes at given times.";
        INTERVENTIONS "intervention": Form::Tables(&intervention::TABLE), Else("no interventions"),
            "Changes of parameters in the middle of a run.";
    }
    region "{ name, utc_offset_h, share }", None,
        "One region of population.regions: where a share of the clients lives. The shares of all regions sum to 1.",
        "" {
        NAME "name": Form::Text(""), Refused,
            "Name, for people.";
        UTC_OFFSET_H "utc_offset_h": Form::Number(Bounds::from_to(-12.0, 14.0), "h"), Refused,
            "Local time minus UTC.";
        SHARE "share": Form::Number(Bounds::above_to(0.0, 1.0), ""), Refused,
            "Share of the clients.";
    }
    shock "[[scenario.shock]]", None,
        "A blow to a part of the network. At least one of its shares is above 0, or varied by an axis, a variant or a draw.",
        "[[scenario.shock]]\nat_h = 13.0\nsupernode_fraction = 0.3\n" {
        AT_H "at_h": Form::Hour, Refused,
            "When, in hours of the simulation; rounded to the nearest tick.";
        NAME "name": Form::Name(64), Else("it has no name, and its numbers cannot be varied"),
            "What it is called: its numbers are shock.NAME.at_h and so on, for axes, [uncertain], variants and --set.";
        SUPERNODE_FRACTION "supernode_fraction": Form::Number(Bounds::SHARE, ""), Default("0.0"),
            "Probability that a live super node, not a dedicated one, crashes.";
        CLIENT_FRACTION "client_fraction": Form::Number(Bounds::SHARE, ""), Default("0.0"),
            "Probability that any other present client that is not booting crashes.";
        DEDICATED_FRACTION "dedicated_fraction": Form::Number(Bounds::SHARE, ""), Default("0.0"),
            "Probability that a live dedicated super node fails; it is back after overlay.dedicated_restart_s. Regions do not matter to it.";
        DISCONNECT_FRACTION "disconnect_fraction": Form::Number(Bounds::SHARE, ""), Default("0.0"),
            "Probability that an attached client that does not crash loses its connection; its machine does not restart.";
        REGIONS "regions": Form::Names("names of population.regions"), Else("all regions"),
            "Where it strikes: only clients of these regions, and super nodes of such clients.";
    }
    intervention "[[scenario.intervention]]", Changes,
        "New values of parameters from some time on, or an act; at least one. A value may depend on what the scenario of the cell says, axes and draws applied: { factor = x } is x times that, and \"initial\" is that itself.",
        "[[scenario.intervention]]\nat_h = 14.0\nlogin.capacity_per_s_per_million = 300.0\nlogin.drop_expired = true\n" {
        AT_H "at_h": Form::Hour, Refused,
            "When, in hours of the simulation; rounded to the nearest tick.";
        NAME "name": Form::Name(64), Else("it has no name, and its numbers cannot be varied"),
            "What it is called: its numbers are intervention.NAME.at_h, intervention.NAME.retry.cap_s and so on (with .factor where it multiplies), for axes, [uncertain], variants and --set.";
        FLUSH "login.flush": Form::Boolean, Default("false"),
            "Whether the queue of the login server is emptied at that time, as by a restart of the server: whoever waits finds out by the time-out.";
    }
    multiple "{ factor }", None,
        "A value of an intervention that is a multiple of what the scenario says.",
        "" {
        FACTOR "factor": Form::Number(Bounds::above(0.0), ""), Refused,
            "How many times what the scenario says, axes and draws applied.";
    }
    axis "[[axis]]", None,
        "A swept parameter with its points (one of values, linear and logarithmic), or a name and a list of variants: named bundles of settings. A parameter may be on one axis.",
        "[[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0, points = 11 }\n\n[[axis]]\nname = \"mechanism\"\nvariants = [\n  { label = \"as it was\" },\n  { label = \"unlimited login\", login.capacity_per_s_per_million = inf },\n]\n" {
        PARAMETER "parameter": Form::Parameter, Else("a name and variants"),
            "The parameter that is swept, or the number of a named shock or intervention; and the name of the column.";
        VALUES "values": Form::ValuesOfParameter, Else("linear, logarithmic or variants"),
            "The points, one by one; for parameters that are no numbers, too, and with inf where the parameter allows it.";
        LINEAR "linear": Form::Table(&span::TABLE), Else("values, logarithmic or variants"),
            "Points at equal distances.";
        LOGARITHMIC "logarithmic": Form::Table(&span::TABLE), Else("values, linear or variants"),
            "Points at equal ratios; from is above 0.";
        NAME "name": Form::Text("1 … 64 characters on one line, the name of no other column"), Else("that of the parameter"),
            "Name of an axis of variants, and of its column.";
        VARIANTS "variants": Form::Tables(&variant::TABLE), Else("a parameter and its points"),
            "The points of an axis that has a name: bundles of settings.";
    }
    span "{ from, to, points }", None,
        "Points between two ends, which are both points. Those between them are rounded to 12 digits, or to whole numbers where the parameter takes these.",
        "" {
        FROM "from": Form::OfParameter, Refused,
            "The first point.";
        TO "to": Form::OfParameter, Refused,
            "The last point, not below the first.";
        POINTS "points": Form::Whole(1, POINTS_MAX), Else("refused, but with [design] latin-hypercube and sobol, for which it has no effect"),
            "Number of points.";
    }
    variant "{ label, parameters … }", Values,
        "One variant: what it is called, and what it sets.",
        "" {
        LABEL "label": Form::Text("at least one character, on one line"), Refused,
            "What the axis' column holds; no two variants have the same.";
        SHOCKS "shock": Form::Events(&shock::TABLE), Else("no shocks of its own"),
            "Shocks on top of the scenario's; or as a table, numbers of its named ones: shock.NAME.at_h = 13.0.";
        INTERVENTIONS "intervention": Form::Events(&intervention::TABLE), Else("no interventions of its own"),
            "Interventions on top of the scenario's; or as a table, numbers of its named ones.";
    }
    uncertain "[uncertain]", Laws,
        "Inputs that are drawn anew for every replicate. A law replaces the parameter's value; in a factor it multiplies that of the scenario, the axis or the variant. A law is truncated to the parameter's range; inputs that have to fit to each other are drawn until they do.",
        "[uncertain]\nupdates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }\nretry.base_s = { factor = { lognormal = { median = 1.0, sigma = 0.4 } } }\n" {
        FACTOR "factor": Form::Law, Else("the law replaces the value"),
            "The law of a factor: { factor = { lognormal = { … } } }.";
    }
    beta "{ beta = { mean, sd } }", None,
        "A share between 0 and 1.",
        "updates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }\n" {
        MEAN "mean": Form::Number(Bounds::between(0.0, 1.0), ""), Refused,
            "Mean.";
        SD "sd": Form::Number(Bounds::from_to(BETA_SD_MIN, 0.5), ""), Refused,
            "Standard deviation, less than √(mean (1 − mean)).";
    }
    discrete "{ discrete = { values, weights } }", None,
        "One of a list of values; as many weights as values.",
        "login.timeout_s = { discrete = { values = [30.0, 60.0], weights = [1, 3] } }\n" {
        VALUES "values": Form::Numbers(Bounds::FINITE), Refused,
            "The values; whole numbers where the parameter takes these.";
        WEIGHTS "weights": Form::Numbers(Bounds::at_least(0.0)), Refused,
            "Their weights, in proportion; not all 0.";
    }
    lognormal "{ lognormal = { median, sigma } }", None,
        "A positive number whose logarithm is normal.",
        "login.queue_limit_s = { lognormal = { median = 120.0, sigma = 0.2 } }\n" {
        MEDIAN "median": Form::Number(Bounds::above(0.0), ""), Refused,
            "Median.";
        SIGMA "sigma": Form::Number(Bounds::at_least(0.0), ""), Refused,
            "Standard deviation of the logarithm.";
    }
    normal "{ normal = { mean, sd } }", None,
        "A number with a symmetric error.",
        "overlay.keepalive_s = { normal = { mean = 60.0, sd = 10.0 } }\n" {
        MEAN "mean": Form::Number(Bounds::FINITE, ""), Refused,
            "Mean.";
        SD "sd": Form::Number(Bounds::at_least(0.0), ""), Refused,
            "Standard deviation.";
    }
    triangular "{ triangular = { from, mode, to } }", None,
        "A number of which least, likeliest and most are known.",
        "overlay.stale_ttl_s = { triangular = { from = 600, mode = 3600, to = 7200 } }\n" {
        FROM "from": Form::Number(Bounds::FINITE, ""), Refused,
            "Lower bound.";
        MODE "mode": Form::Number(Bounds::FINITE, ""), Refused,
            "The likeliest value, between the bounds.";
        TO "to": Form::Number(Bounds::FINITE, ""), Refused,
            "Upper bound, above the lower one.";
    }
    uniform "{ uniform = { from, to } }", None,
        "Every number between two bounds alike; of whole numbers, each from the first to the last.",
        "updates.boot_median_s = { uniform = { from = 120.0, to = 360.0 } }\n" {
        FROM "from": Form::Number(Bounds::FINITE, ""), Refused,
            "Lower bound.";
        TO "to": Form::Number(Bounds::FINITE, ""), Refused,
            "Upper bound, above the lower one.";
    }
    replicates "[replicates]", None,
        "How many runs a cell gets: a fixed number, or until its outage probability is known well enough.",
        "[replicates]\nat_least = 20\nat_most = 400\nhalf_width = 0.05\n" {
        AT_LEAST "at_least": Form::Whole(1, REPLICATES_MAX), Default("20"),
            "Fewest runs of a cell; not above at_most (which, where it is the smaller one, is the default).";
        AT_MOST "at_most": Form::Whole(1, REPLICATES_MAX), Default("100"),
            "Most runs of a cell (at_least is the default where it is the larger one).";
        HALF_WIDTH "half_width": Form::Number(Bounds::between(0.0, 0.5), ""), Else("every cell runs at_most replicates"),
            "A cell stops once the interval of its outage probability is no wider than ± this.";
        CONFIDENCE "confidence": Form::Number(Bounds::between(0.5, 1.0), ""), Default("0.95"),
            "Confidence of the intervals.";
        COMMON_RANDOM_NUMBERS "common_random_numbers": Form::Boolean, Else("true, and false with [refine]"),
            "Whether replicate r of every cell sees the same draws, so that cells differ by their parameters, not by luck.";
        SAMPLING "sampling": Form::Word(&["random", "sobol"]), Default("\"random\""),
            "How the uncertain inputs are drawn: \"random\", each by itself, or \"sobol\", as scrambled Sobol points in 16 independent blocks, which know a probability from fewer runs; their interval is approximate. Then at_least and at_most are 16, 32, 64 … (by default 16 and 128), and a cell is looked at whenever it has twice as many.";
    }
    refine "[refine]", None,
        "Puts cells between two neighbours of the grid that are not surely on the same side of a level, along each axis whose points are spaced evenly, and halves their distance again. A cell stops, too, once its interval leaves the level out. Inputs are drawn anew in each cell: the place of a line is known better by that.",
        "[[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0, points = 6 }\n\n[refine]\nlevel = 0.5\nrounds = 3\n" {
        LEVEL "level": Form::Number(Bounds::between(0.0, 1.0), ""), Refused,
            "The outage probability whose crossing is looked for.";
        ROUNDS "rounds": Form::Whole(1, 10), Refused,
            "How often the distance between two points may be halved.";
    }
    compare "[compare]", None,
        "Compares the points of an axis with one of them, replicate by replicate: with the same draws on both sides a difference is known from far fewer runs than by two samples of their own. Cells that are compared stop together. Needs common random numbers.",
        "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75, 100]\n\n[compare]\nreference = 75\nhalf_width = 0.05\n" {
        AXIS "axis": Form::Text("the parameter or the name of an axis"), Else("the first axis that has variants"),
            "The axis whose points are compared.";
        REFERENCE "reference": Form::Point, Else("its first point"),
            "The point that the others are compared with.";
        HALF_WIDTH "half_width": Form::Number(Bounds::between(0.0, 0.5), ""), Else("they run replicates.at_most replicates"),
            "Cells that are compared stop once the interval of each difference of outage probabilities is no wider than ± this, and that of each probability no wider than replicates.half_width, if that is given, too.";
    }
    rare "[rare]", None,
        "How critmass rare finds the probability of outages that hardly ever happen, in each cell: by runs of its own, which are made where outages are likely, and are no rows of the sweep. Needs uncertain inputs.",
        "[uncertain]\nlogin.queue_limit_s = { lognormal = { median = 120.0, sigma = 0.2 } }\n\n[rare]\nlevel = 1e-5\n" {
        LEVEL "level": Form::Number(Bounds::from_to(1e-9, 0.1), ""), Refused,
            "A wish: the probability that the effort is planned for, such as the largest that is tolerable.";
        RELATIVE_ERROR "relative_error": Form::Number(Bounds::from_to(0.01, 0.5), ""), Default("0.2"),
            "Standard error of the probability, as a share of it, that is asked for.";
        AT_MOST "at_most": Form::Whole(RARE_RUNS_MIN, 1_000_000), Default("20000"),
            "Most runs of a cell, those included that learn where outages are.";
        METHOD "method": Form::Word(&["importance", "subset"]), Default("\"importance\""),
            "\"importance\": importance sampling over the inputs, with a small subset simulation that learns and checks. \"subset\": subset simulation alone, as a second opinion: it looks for luck of the seed, too, and takes more runs for the same error.";
        CONFIDENCE "confidence": Form::Number(Bounds::between(0.5, 1.0), ""), Default("0.95"),
            "Confidence of the intervals, which are approximate.";
    }
    traces "[traces]", None,
        "Which runs are kept as time series, too.",
        "[traces]\nreplicates = 1\nevery_s = 300.0\n" {
        REPLICATES "replicates": Form::Whole(0, REPLICATES_MAX), Refused,
            "The first so many replicates of each cell; 0 for none.";
        EVERY_S "every_s": Form::Number(Bounds::above(0.0), "s"), Refused,
            "Time between two rows, rounded to whole ticks.";
    }
    run "[run]", None,
        "How a run is made.",
        "[run]\nengine = \"mean-field\"\n" {
        ENGINE "engine": Form::Word(&["agents", "mean-field"]), Default("\"agents\""),
            "\"agents\" follows every client; \"mean-field\" computes what a run tends to with ever more clients, without chance: every replicate with the same draws is the same run.";
        NOISE "noise": Form::Boolean, Default("false"),
            "Whether \"mean-field\" has the chance of as many clients as there are after all, where it matters most: sessions, restarts, and deaths and promotions of super nodes are drawn. From 50,000 clients on it scatters as \"agents\" do; \"agents\" has all chance anyway.";
    }
    design "[design]", None,
        "Which combinations of the points of the axes are cells.",
        "[[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0 }\n\n[[axis]]\nparameter = \"overlay.supernode_ratio\"\nlogarithmic = { from = 0.01, to = 0.04 }\n\n[design]\nkind = \"sobol\"\npoints = 64\n" {
        KIND "kind": Form::Word(&["grid", "latin-hypercube", "sobol", "points"]), Refused,
            "\"grid\": all of them. \"latin-hypercube\": on each axis one cell in each of as many strata as there are cells, in random order; more cells are other cells. \"sobol\": points of a scrambled Sobol sequence, which fill the ranges of all axes evenly, best in numbers of 2, 4, 8, …; more of them keep those that there are. With these two linear and logarithmic are ranges, whatever their points, and a list or variants are used as often as each other. \"points\": one by one, of a file or of cells.";
        POINTS "points": Form::Whole(1, DESIGN_POINTS_MAX), Else("as many as there are in the file, or in cells"),
            "Number of cells of \"latin-hypercube\" and \"sobol\".";
        FILE "file": Form::Text("the path of a .csv or .parquet file, from the folder of the sweep file"), Else("cells"),
            "The cells of \"points\": a row each, with a column for each parameter that is swept, under its dotted name, and for each axis of variants, under its name, with their labels.";
        CELLS "cells": Form::Rows, Else("file"),
            "The cells of \"points\" without a file: for each the numbers of its points on the axes, from 0, such as [[0, 1], [2, 0]].";
    }
}

impl Table {
    /// The laws of uncertain inputs, in the order of their names, each under what it is called.
    pub const LAWS: [(&'static str, &'static Table); 6] = [
        ("beta", &beta::TABLE),
        ("discrete", &discrete::TABLE),
        ("lognormal", &lognormal::TABLE),
        ("normal", &normal::TABLE),
        ("triangular", &triangular::TABLE),
        ("uniform", &uniform::TABLE),
    ];
}
