//! The macros behind the table of parameters.

/// Declares the groups of parameters: a typed struct for each group, [`Scenario`](super::Scenario) with a field for each
/// group, and a row of [`PARAMETERS`](super::PARAMETERS) for each parameter.
///
/// A row is `field: type = default, unit, domain, meaning, source, properties…;` where a property is one of the
/// methods of [`Parameter`](super::Parameter) that set it, such as `intervenable`. A parameter per million clients ends in
/// `=> name, meaning, properties…;`, its form for the whole population, which is a row of [`TOTALS`](super::TOTALS).
macro_rules! declare_parameters {
    ($(
        $(#[doc = $group_doc:literal])*
        $group:ident: $Group:ident {
            $( $field:ident: $type:ty = $default:expr, $unit:literal, $domain:expr, $meaning:literal, $source:literal
                $(, $property:ident)* $(=> $total:ident, $total_meaning:literal $(, $total_property:ident)*)?; )*
        }
    )*) => {
        $(
            $(#[doc = $group_doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Group {
                $( #[doc = concat!($meaning, " Unit: ", $unit, ".")] pub $field: $type, )*
            }
        )*

        /// One scenario: a value for every parameter, the shocks and the interventions. All that a run depends on,
        /// except for its seed.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Scenario {
            $( $(#[doc = $group_doc])* pub $group: $Group, )*
            /// Crashes at given times, in the order of the file.
            pub shocks: Vec<Shock>,
            /// Changes of parameters in the middle of a run, in the order of the file.
            pub interventions: Vec<Intervention>,
            /// Which parameters per million clients follow from what they are for the whole population.
            pub totals: Totals,
        }

        impl Default for Scenario {
            fn default() -> Scenario {
                Scenario {
                    $( $group: $Group { $( $field: $default, )* }, )*
                    shocks: Vec::new(),
                    interventions: Vec::new(),
                    totals: Totals::default(),
                }
            }
        }

        /// Every parameter, in the order of the documentation.
        pub static PARAMETERS: &[Parameter] = &[
            $($(
                Parameter {
                    name: concat!(stringify!($group), ".", stringify!($field)),
                    unit: $unit,
                    domain: $domain,
                    meaning: $meaning,
                    source: $source,
                    intervenable: false,
                    interdependent: false,
                    sizes_memory: false,
                    added_later: false,
                    per_million: None,
                    get: |scenario| FieldType::to_value(&scenario.$group.$field),
                    set: |scenario, value| match FieldType::from_value(value) {
                        Some(x) => { scenario.$group.$field = x; true }
                        None => false,
                    },
                }
                $( .$property() )*,
            )*)*
        ];

        /// Every parameter per million clients once more, for the whole population.
        pub static TOTALS: &[Parameter] = &[
            $($($(
                Parameter {
                    name: concat!(stringify!($group), ".", stringify!($total)),
                    unit: $unit,
                    domain: $domain,
                    meaning: $total_meaning,
                    source: concat!("in place of ", stringify!($group), ".", stringify!($field)),
                    intervenable: false,
                    interdependent: false,
                    sizes_memory: false,
                    added_later: false,
                    per_million: Some(concat!(stringify!($group), ".", stringify!($field))),
                    get: |scenario| {
                        let given = scenario.totals.get(concat!(stringify!($group), ".", stringify!($total)));
                        let clients = scenario.population.clients;
                        Value::Number(given.unwrap_or_else(|| whole(scenario.$group.$field, clients)))
                    },
                    set: |scenario, value| match value.as_f64() {
                        Some(total) => {
                            scenario.totals.put(concat!(stringify!($group), ".", stringify!($total)), total);
                            scenario.$group.$field = per_million(total, scenario.population.clients);
                            true
                        }
                        None => false,
                    },
                }
                $( .$total_property() )*,
            )?)*)*
        ];
    };
}
pub(super) use declare_parameters;

/// The dotted name of a parameter, written as its field in a [`Scenario`](super::Scenario): a name that no parameter has
/// does not compile.
macro_rules! name_of {
    ($group:ident . $field:ident) => {{
        let _ = |scenario: &$crate::parameters::Scenario| {
            let _ = &scenario.$group.$field;
        };
        concat!(stringify!($group), ".", stringify!($field))
    }};
}
pub(crate) use name_of;
