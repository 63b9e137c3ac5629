//! The JSON Schema of the configuration, from the types it is read into.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::written::Raw;

/// Names of rules and targets are not in it, nor are models: they are known elsewhere.
pub(crate) fn generated() -> Value {
    of::<Raw>()
}

/// The schema of a type that is read from TOML.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

/// TOML has no null: a key is there or not.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|ty| ty != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    fields.insert("type".into(), only);
                }
            }
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            if let Some(Value::Array(ways)) = fields.get_mut("anyOf") {
                ways.retain(|way| way.get("type").is_none_or(|ty| ty != "null"));
            }
            fields.values_mut().for_each(without_null);
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        _ => {}
    }
}
