//! Whether memory can be released at the end of a scope: everything that leads into it must be known not to outlive that.
//!
//! There is one notion of what is derived from a pointer (casts, views, structs in it, variables that hold one of these)
//! and a list of what may be done with it. What is not on the list may keep it.

use super::bound::Way;
use super::known::{is_number, is_pointer};
use super::page::Page;
use crate::parse::NodeId;
use crate::source::Span;

/// What leads into memory.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lead {
    /// A list of numbers that lies in it.
    is_view: bool,
    /// Its address as a number.
    is_address: bool,
    /// What a pointer points to, as written.
    element: Option<String>,
}

/// What becomes of one use.
enum Use {
    /// It is over with the expression.
    Ends,
    /// A variable holds it.
    Held(String, Lead),
    /// It is released.
    Released,
    /// Something may keep it.
    Leaves,
}

/// What the uses of an allocation are.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// The variables that hold what leads into it.
    pub(super) names: Vec<String>,
    /// Where it is released.
    pub(super) releases: Vec<Span>,
}

/// The uses that are looked at.
#[derive(Clone, Copy)]
pub(super) struct Region<'r> {
    /// The statements that may have uses.
    pub(super) statements: &'r [NodeId],
    /// Later ones do not count.
    pub(super) until: u32,
}

/// Methods that give something which leads into the same memory.
const LEADING: [&str; 9] = [
    "cast",
    "elementAt",
    "asTypedList",
    "asUint8List",
    "asInt8List",
    "asUint16List",
    "asInt32List",
    "asUint32List",
    "asByteData",
];

/// Methods that copy, or look, or write into it.
const ENDING: [&str; 17] = [
    "toDartString",
    "toList",
    "toSet",
    "setAll",
    "setRange",
    "fillRange",
    "sublist",
    "join",
    "contains",
    "indexOf",
    "toString",
    "compareTo",
    "fold",
    "reduce",
    "any",
    "every",
    "getUint8",
];

/// Properties that are values.
const VALUES: [&str; 7] =
    ["length", "isEmpty", "isNotEmpty", "lengthInBytes", "elementSizeInBytes", "offsetInBytes", "hashCode"];

/// Functions that copy what they are given.
const COPYING: [&str; 12] = [
    "print",
    "debugPrint",
    "utf8.decode",
    "ascii.decode",
    "latin1.decode",
    "base64Encode",
    "base64.encode",
    "String.fromCharCodes",
    "List.from",
    "List.of",
    "List<int>.from",
    "List<int>.of",
];

/// Lists of numbers that copy what they are made from.
const LISTS: [&str; 11] = [
    "Uint8List",
    "Uint8ClampedList",
    "Int8List",
    "Uint16List",
    "Int16List",
    "Uint32List",
    "Int32List",
    "Uint64List",
    "Int64List",
    "Float32List",
    "Float64List",
];

/// Native types that are values.
const ELEMENTS: [&str; 31] = [
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Uint8",
    "Uint16",
    "Uint32",
    "Uint64",
    "Float",
    "Double",
    "Bool",
    "Char",
    "SignedChar",
    "UnsignedChar",
    "Short",
    "UnsignedShort",
    "Int",
    "UnsignedInt",
    "Long",
    "UnsignedLong",
    "LongLong",
    "UnsignedLongLong",
    "Size",
    "IntPtr",
    "UintPtr",
    "WChar",
    "Void",
    "Utf8",
    "Utf16",
    "Uint24",
    "UnsignedSize",
];

/// The uses of what the last of a chain of nodes allocates. No answer where something may keep it.
pub(super) fn of(page: &Page<'_, '_>, chain: &[NodeId], way: &Way, region: Region<'_>) -> Option<Life> {
    let look = Look { page, way, region };
    let mut life = Life::default();
    let allocation = chain.last().copied()?;
    let first = Lead { element: element(page, allocation), ..Lead::default() };
    let mut open: Vec<(String, Lead)> = Vec::new();
    look.note(look.follow(chain, first)?, &mut open, &mut life, page.tree.span(allocation))?;
    let mut at = 0;
    while let Some((name, lead)) = open.get(at).cloned() {
        at += 1;
        for chain in look.uses(&name) {
            let span = page.tree.span(*chain.last()?);
            look.note(look.follow(&chain, lead.clone())?, &mut open, &mut life, span)?;
        }
    }
    life.names = open.into_iter().map(|(name, _)| name).collect();
    Some(life)
}

/// What an allocation is written to be of.
fn element(page: &Page<'_, '_>, allocation: NodeId) -> Option<String> {
    let function = page.tree.child(allocation, "function")?;
    let given = page.tree.child(function, "type_arguments").map(|given| page.text_of(given))?;
    Some(given.strip_prefix('<')?.strip_suffix('>')?.to_owned())
}

struct Look<'l, 'p, 's> {
    page: &'l Page<'p, 's>,
    way: &'l Way,
    region: Region<'l>,
}

impl Look<'_, '_, '_> {
    fn note(&self, found: Use, open: &mut Vec<(String, Lead)>, life: &mut Life, span: Span) -> Option<()> {
        match found {
            Use::Ends => {}
            Use::Released => life.releases.push(span),
            Use::Leaves => return None,
            Use::Held(name, lead) => {
                if !open.iter().any(|held| held.0 == name && held.1 == lead) {
                    open.push((name, lead));
                }
                // Names of so many kinds are nothing to reason about.
                return (open.len() < 64).then_some(());
            }
        }
        Some(())
    }

    /// The places where a variable is used.
    fn uses(&self, name: &str) -> Vec<Vec<NodeId>> {
        let tree = self.page.tree;
        let nodes = self.region.statements.iter().flat_map(|&statement| tree.descendants(statement));
        let is_use = |&node: &NodeId| {
            matches!(tree.kind(node), "identifier" | "identifier_dollar_escaped")
                && !matches!(tree.field(node), Some("name" | "property" | "label"))
                && self.page.text_of(node) == name
                && tree.span(node).start < self.region.until
        };
        // A name that is a keyword elsewhere has that inside.
        let chains = nodes.filter(is_use).map(|node| {
            let mut chain = self.page.enclosing(tree.span(node));
            chain.truncate(chain.iter().rposition(|&inner| inner == node).map_or(0, |at| at + 1));
            chain
        });
        chains.filter(|chain| chain.iter().rev().nth(1).is_none_or(|&outer| tree.kind(outer) != "label")).collect()
    }

    /// What becomes of the last of a chain of nodes.
    fn follow(&self, chain: &[NodeId], mut lead: Lead) -> Option<Use> {
        if self.is_captured(chain, &lead) {
            return Some(Use::Leaves);
        }
        let mut at = chain.len().checked_sub(1)?;
        while at > 0 {
            match self.step(chain, at, &mut lead) {
                Ok(next) => at = next,
                Err(found) => return Some(found),
            }
        }
        Some(Use::Leaves)
    }

    /// Whether a closure has it, which may run later. `List.generate` runs its own at once.
    fn is_captured(&self, chain: &[NodeId], lead: &Lead) -> bool {
        let tree = self.page.tree;
        let start = chain.iter().position(|node| self.region.statements.contains(node)).unwrap_or(0);
        (start..chain.len()).any(|at| {
            let kind = chain.get(at).map_or("", |&node| tree.kind(node));
            let call = at.checked_sub(2).and_then(|call| chain.get(call).copied());
            let runs_at_once = call.and_then(|call| tree.child(call, "function")).is_some_and(|function| {
                let text = self.page.text_of(function);
                text.starts_with("List") && text.ends_with(".generate")
            });
            let is_closure = kind == "function_expression" && !runs_at_once;
            kind == "local_function_declaration" || is_closure && !self.runs_here(chain, at, start, lead)
        })
    }

    /// Whether a closure is given to a function that runs it and is done with it. Of a pointer the analysis knows that:
    /// one that is kept would not be called lost. Of views it does not, and who gives a future may still run it.
    fn runs_here(&self, chain: &[NodeId], closure: usize, start: usize, lead: &Lead) -> bool {
        let tree = self.page.tree;
        let is_function =
            |node: &NodeId| matches!(tree.kind(*node), "function_expression" | "local_function_declaration");
        let is_only = chain.iter().skip(start).filter(|node| is_function(node)).count() == 1;
        let is_plain = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let call = closure.checked_sub(2).and_then(|call| chain.get(call).copied());
        let callee =
            call.and_then(|call| tree.child(call, "function")).map_or("", |function| self.page.text_of(function));
        let marks = |around| self.page.is_async(around) || self.page.is_generator(around);
        let own = self.page.function(chain.get(..closure + 2).unwrap_or(chain));
        let around = self.page.function(chain.get(..closure).unwrap_or_default());
        let is_over = around.is_some_and(|around| {
            let result = self.page.result_type(around).unwrap_or_default();
            !marks(around) && !result.is_empty() && !self.page.may_work_later(around)
        });
        is_only
            && !lead.is_view
            && !lead.is_address
            && is_plain(callee)
            && own.is_some_and(|own| !marks(own))
            && is_over
    }

    /// One step outwards: the node that leads there as well, or what becomes of it.
    fn step(&self, chain: &[NodeId], at: usize, lead: &mut Lead) -> Result<usize, Use> {
        let tree = self.page.tree;
        let (node, outer) = (chain[at], chain[at - 1]);
        let on = |to: usize| Ok(to);
        match (tree.kind(outer), tree.field(node)) {
            ("equality_expression" | "relational_expression" | "template_substitution", _) => Err(Use::Ends),
            ("expression_statement", _) => Err(Use::Ends),
            ("parenthesized_expression" | "null_assertion_expression" | "type_cast_expression", _) => on(at - 1),
            ("conditional_expression", Some("consequence" | "alternative")) | ("if_null_expression", _) => on(at - 1),
            ("arguments" | "named_argument", _) => self.given(chain, at, lead),
            ("assignable_expression", Some("object") | None) => Err(Use::Ends),
            _ if lead.is_address => Err(Use::Leaves),
            // `if (p.ref case final r)`: a pattern may name what it matches.
            ("if_statement", _) if self.is_matched(node) => Err(Use::Leaves),
            ("conditional_expression", _)
            | (
                "logical_and_expression"
                | "logical_or_expression"
                | "bitwise_or_expression"
                | "bitwise_xor_expression"
                | "bitwise_and_expression"
                | "shift_expression"
                | "multiplicative_expression"
                | "type_test_expression"
                | "unary_expression",
                _,
            )
            | ("if_statement" | "while_statement" | "do_statement", Some("condition"))
            | ("for_statement", Some("condition" | "update" | "init")) => Err(Use::Ends),
            ("additive_expression", _) => on(at - 1),
            ("index_expression", Some("object")) if self.holds_values(lead) => Err(Use::Ends),
            ("index_expression", Some("object")) => {
                *lead = Lead::default();
                on(at - 1)
            }
            ("member_expression", Some("object")) => self.member(chain, at, lead),
            ("for_statement", Some("value")) if lead.is_view => Err(Use::Ends),
            ("assignment_expression", Some("right")) => Err(self.assigned(chain, at, lead)),
            ("cascade", _) if self.only_writes(node, outer) => on(at - 1),
            ("initialized_variable_declaration" | "initialized_identifier", Some("value")) => {
                Err(self.declared(chain, at, lead))
            }
            ("return_statement" | "function_body", _) if self.gives_value(chain, at) => Err(Use::Ends),
            _ => Err(Use::Leaves),
        }
    }

    /// Whether what lies at an index is a value.
    fn holds_values(&self, lead: &Lead) -> bool {
        let element = lead.element.as_deref().unwrap_or_default();
        let plain = element.rsplit('.').next().unwrap_or_default();
        lead.is_view || ELEMENTS.contains(&plain) || self.way.native.is_none() && is_pointer(element)
    }

    /// A property, or a method that is called.
    fn member(&self, chain: &[NodeId], at: usize, lead: &mut Lead) -> Result<usize, Use> {
        let tree = self.page.tree;
        let property = tree.child(chain[at - 1], "property").map_or("", |name| self.page.text_of(name));
        let above = |up: usize| at.checked_sub(up).and_then(|at| chain.get(at).copied());
        let is_typed = above(2).is_some_and(|node| tree.kind(node) == "instantiation_expression");
        let up = if is_typed { 3 } else { 2 };
        let is_called = above(up)
            .is_some_and(|call| tree.kind(call) == "call_expression" && tree.child(call, "function") == above(up - 1));
        if is_called {
            if LEADING.contains(&property) {
                let ty = above(2).filter(|_| is_typed).and_then(|node| tree.child(node, "type_arguments"));
                let ty = ty.and_then(|ty| self.page.text_of(ty).strip_prefix('<')?.strip_suffix('>'));
                match property {
                    "cast" => *lead = Lead { element: ty.map(str::to_owned), ..Lead::default() },
                    "elementAt" if !lead.is_view => {}
                    _ => *lead = Lead { is_view: true, ..Lead::default() },
                }
                return Ok(at - up);
            }
            // Of a struct, a project's own method may be called so.
            let ends = ENDING.contains(&property) && (lead.is_view || property == "toDartString");
            return Err(if ends { Use::Ends } else { Use::Leaves });
        }
        match property {
            "address" => *lead = Lead { is_address: true, ..Lead::default() },
            "value" if self.way.native.is_none() || self.holds_values(lead) => return Err(Use::Ends),
            "first" | "last" if lead.is_view => return Err(Use::Ends),
            _ if VALUES.contains(&property) => return Err(Use::Ends),
            "buffer" if lead.is_view => {}
            _ if self.page.known.is_value(property, self.way.native.is_none()) => return Err(Use::Ends),
            _ => *lead = Lead::default(),
        }
        Ok(at - 1)
    }

    /// An argument.
    fn given(&self, chain: &[NodeId], at: usize, lead: &mut Lead) -> Result<usize, Use> {
        let tree = self.page.tree;
        let up = if tree.kind(chain[at - 1]) == "named_argument" { 3 } else { 2 };
        let call = at
            .checked_sub(up)
            .and_then(|up| chain.get(up).copied())
            .filter(|&node| tree.kind(node) == "call_expression");
        let Some((call, function)) = call.and_then(|call| Some((call, tree.child(call, "function")?))) else {
            return Err(Use::Leaves);
        };
        let written = self.page.text_of(function);
        let last = written.rsplit('.').next().unwrap_or_default();
        let native = self.way.native.as_ref().map(|native| native.call.as_str());
        let is_release = self.way.calls.iter().map(String::as_str).chain(native);
        if is_release.into_iter().any(|known| known == written || written.ends_with(&format!(".{known}"))) {
            return Err(Use::Released);
        }
        if last == "free" {
            return Err(Use::Leaves);
        }
        let is_path = written.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.'));
        if let Some(bound) = self.page.known.bound(last).filter(|_| is_path && !lead.is_view || lead.is_address) {
            let is_own = last == written && !bound.is_variable && self.page.is_local(last, tree.span(call));
            if is_own || self.page.has_body(last) && !bound.is_variable && last == written {
                return Err(Use::Leaves);
            }
            // It may be one into the memory, whatever is known of the memory itself.
            if bound.gives_pointer {
                *lead = Lead::default();
                return Ok(at - up);
            }
            return Err(Use::Ends);
        }
        if lead.is_address {
            return Err(Use::Leaves);
        }
        let list = written.strip_suffix(".fromList").unwrap_or_default();
        let copies = COPYING.contains(&written) || LISTS.contains(&list);
        let is_copied = copies && (lead.is_view || matches!(written, "print" | "debugPrint"));
        if is_copied || lead.is_view && matches!(last, "setAll" | "setRange") {
            return Err(Use::Ends);
        }
        if lead.is_view && matches!(last, "sublistView" | "view") {
            return Ok(at - up);
        }
        Err(Use::Leaves)
    }

    /// The right side of an assignment.
    fn assigned(&self, chain: &[NodeId], at: usize, lead: &Lead) -> Use {
        let tree = self.page.tree;
        let assignment = chain[at - 1];
        let is_statement = at >= 2 && tree.kind(chain[at - 2]) == "expression_statement";
        let Some(left) = tree.child(assignment, "left").filter(|_| is_statement) else { return Use::Leaves };
        let operator = tree.child(assignment, "operator").map_or("", |operator| self.page.text_of(operator));
        let written = self.page.text_of(left);
        if !matches!(operator, "=" | "??=") || written.ends_with(".ref") {
            return Use::Ends;
        }
        match self.local(written, chain) {
            Some(ty) if is_number(ty) => Use::Ends,
            Some(_) => Use::Held(written.to_owned(), lead.clone()),
            None => Use::Leaves,
        }
    }

    /// Whether a pattern follows.
    fn is_matched(&self, node: NodeId) -> bool {
        let rest = self.page.text.get(self.page.tree.span(node).end as usize..).unwrap_or_default();
        rest.trim_start().starts_with("case")
    }

    /// The written type of a variable that the statements declare, empty for none, where a place sees it.
    fn local(&self, name: &str, chain: &[NodeId]) -> Option<&str> {
        let (page, tree) = (self.page, self.page.tree);
        let nodes = self.region.statements.iter().flat_map(|&statement| tree.descendants(statement));
        let mut found = nodes.filter(|&node| {
            tree.kind(node) == "initialized_variable_declaration"
                && tree.child(node, "name").is_some_and(|found| page.text_of(found) == name)
        });
        let declared = found.next()?;
        let around = page.enclosing(tree.span(declared));
        let block = around.iter().rev().find(|&&node| page.is_list(node))?;
        if !chain.contains(block) {
            return None;
        }
        found.next().is_none().then(|| tree.child_of_kind(declared, "type").map_or("", |ty| page.text_of(ty)))
    }

    fn declared(&self, chain: &[NodeId], at: usize, lead: &Lead) -> Use {
        let (page, tree) = (self.page, self.page.tree);
        let declared = chain[at - 1];
        let Some(name) = tree.child(declared, "name") else { return Use::Leaves };
        let list = if tree.kind(declared) == "initialized_identifier" {
            at.checked_sub(2).map(|at| chain[at])
        } else {
            Some(declared)
        };
        let Some(list) = list.filter(|&list| tree.kind(list) == "initialized_variable_declaration") else {
            return Use::Leaves;
        };
        if page.text_of(list).starts_with("late ") {
            return Use::Leaves;
        }
        let ty = tree.child_of_kind(list, "type").map(|ty| page.text_of(ty));
        match ty {
            Some(ty) if is_number(ty) => Use::Ends,
            Some(ty) if is_pointer(ty) => {
                let element = ty.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
                Use::Held(page.text_of(name).to_owned(), Lead { element: element.map(str::to_owned), ..lead.clone() })
            }
            _ => Use::Held(page.text_of(name).to_owned(), lead.clone()),
        }
    }

    /// Whether the function gives no more than a value.
    fn gives_value(&self, chain: &[NodeId], at: usize) -> bool {
        let around = chain.get(..=at).and_then(|chain| self.page.function(chain));
        around.and_then(|around| self.page.result_type(around)).is_some_and(|ty| {
            let ty = ty.strip_prefix("Future<").and_then(|ty| ty.strip_suffix('>')).unwrap_or(ty);
            ty == "void" || is_number(ty)
        })
    }

    /// Whether the sections of a cascade only write fields.
    fn only_writes(&self, receiver: NodeId, cascade: NodeId) -> bool {
        let tree = self.page.tree;
        let is_receiver = tree.named_children(cascade).next() == Some(receiver);
        let sections = tree.descendants(cascade).filter(|&node| tree.kind(node) == "cascade_section");
        is_receiver
            && sections.into_iter().all(|section| {
                let mut inner = tree.named_children(section);
                let is_plain = inner.next().is_some_and(|first| tree.kind(first) == "cascade_selector");
                is_plain && inner.next().is_some()
            })
    }
}
