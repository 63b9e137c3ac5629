//! Units and functions with nothing in them yet: where every frontend begins.

use super::{
    ClassId, Directives, Flavor, Function, FunctionId, FunctionKind, Kept, Local, LocalKind, Name, Op, TypeRef, Unit,
};
use crate::language::Language;
use crate::source::{FileId, Span};
use crate::target::TargetSet;

impl Unit {
    /// A unit without declarations.
    #[must_use]
    pub fn empty(file: FileId, language: Language) -> Self {
        Self {
            file,
            language,
            directives: Directives::default(),
            functions: Vec::new(),
            classes: Vec::new(),
            variables: Vec::new(),
            aliases: Vec::new(),
            qualifies_members: false,
            layouts: Vec::new(),
            bindings: Vec::new(),
            exports: Vec::new(),
            comments: Vec::new(),
            generated: false,
            errors: Vec::new(),
            opaque: Vec::new(),
        }
    }

    /// Adds a function and gives its id.
    pub fn push_function(&mut self, function: Function) -> FunctionId {
        let id = FunctionId(self.functions.len() as u32);
        self.functions.push(function);
        id
    }
}

impl Unit {
    /// Gives back the room that lists grew into and do not fill: most blocks have few operations, and there are many.
    /// Types that locals share are kept once.
    pub fn shrink(&mut self) {
        self.functions.shrink_to_fit();
        for function in &mut self.functions {
            function.params.shrink_to_fit();
            if function.body.is_empty() {
                continue;
            }
            function.locals.shrink_to_fit();
            function.blocks.shrink_to_fit();
            for block in &mut function.blocks {
                block.ops.shrink_to_fit();
                for statement in &mut block.ops {
                    if let Op::Call(call) = &mut statement.op {
                        call.args.shrink_to_fit();
                        call.type_args.shrink_to_fit();
                    }
                }
            }
        }
        for class in &mut self.classes {
            class.fields.shrink_to_fit();
            class.members.shrink_to_fit();
        }
        self.classes.shrink_to_fit();
        self.variables.shrink_to_fit();
    }
}

impl Function {
    /// Makes it a member of a class, which people know by a name: with `this`, where it has one.
    pub fn join(&mut self, class: ClassId, name: &str, own: &str, this: &TypeRef) {
        self.qualified = format!("{name}.{own}").into();
        self.class = Some(class);
        if !self.is_static {
            self.locals.push(Local {
                name: Name::new("this"),
                kind: LocalKind::This,
                ty: Some(this.clone()),
                is_final: true,
                span: Span::default(),
            });
        }
    }

    /// A function without parameters and body. Its spans count from where the declaration begins.
    #[must_use]
    pub fn empty(kind: FunctionKind, name: Name, qualified: Name, span: Span, name_span: Span) -> Self {
        Self {
            name,
            qualified,
            kind,
            class: None,
            parent: None,
            is_static: false,
            is_external: false,
            is_local: false,
            is_variadic: false,
            targets: TargetSet::ALL,
            flavor: Flavor::Sync,
            type_params: Vec::new(),
            params: Vec::new(),
            result: None,
            annotations: Vec::new(),
            body: Kept::default(),
            base: span.start,
            span,
            name_span,
            incomplete: None,
        }
    }
}
