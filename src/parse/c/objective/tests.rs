use super::super::super::Limits;
use super::super::{parse, prepare};
use super::*;

fn rewritten(text: &str, dialect: Dialect) -> String {
    let text = format!("#import <a.h>\n{text}");
    let prepared = prepare(&text, dialect, &Limits::default());
    let prepared = prepared.map_or_else(|refused| refused.to_string(), |prepared| prepared.text);
    assert_eq!(prepared.len(), text.len(), "{prepared}");
    prepared.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn errors(text: &str, dialect: Dialect) -> usize {
    let limits = Limits::default();
    let text = format!("#import <a.h>\n{text}");
    let Ok(prepared) = prepare(&text, dialect, &limits) else { return usize::MAX };
    parse(&prepared, &limits).map_or(usize::MAX, |parsed| parsed.errors.len())
}

#[test]
fn what_is_no_c_goes() {
    for (text, expected) in [
        ("@class A, B;\n@protocol P;\nint x;", "int x;"),
        ("@interface A : B <P> { int i; }\n- (void)f:(int)x;\n@property int p;\n@end\nint x;", "int x;"),
        (
            "@implementation A (B)\nNS_ASSUME_NONNULL_BEGIN\n- (void)f:(int)x { if (x) { g(); } }\nstatic int h(int a) { return a; }\n+ (A *)a { return nil; }\n@end\nint x;",
            "static int h(int a) { return a; } int x;",
        ),
        ("void f() { @autoreleasepool { g(); } }", "void f() { { g(); } }"),
        ("void f() { @try { g(); } @catch (E *e) { h(); } @finally { i(); } }", "void f() { { g(); } { i(); } }"),
        ("void f() { @throw [E new]; }", "void f() { abort() ; }"),
        ("void f() { x = @\"a\"; y = @selector(a:b:); z = @1; }", "void f() { x = \"a\"; y = \"\" ; z = 1; }"),
        ("typedef void (^F)(int);", "typedef void (*F)(int);"),
        ("typedef NS_ENUM(NSInteger, K) { A, B };", "enum K { A, B };"),
    ] {
        assert_eq!(rewritten(text, Dialect::C), expected);
        assert_eq!(rewritten(text, Dialect::Cpp), expected);
    }
}

#[test]
fn messages_and_blocks_become_lists() {
    for (text, expected) in [
        ("x = [a b];", "x = (a,0);"),
        ("x = [[A alloc] initWith:p of:q];", "x = ((A,0 ) ,p ,q);"),
        ("x = [(A *)p b];", "x = ((A *)p,0);"),
        ("x = [A<B *> new];", "x = (A ,0 );"),
        ("x = [a b:c ? d : e f:g(1, 2)];", "x = (a ,c ? d : e ,g(1, 2));"),
        ("x = (void *)[a b:@(n)];", "x = (void *)(a , (n));"),
        ("x = @[a, b,];", "x = (a, b );"),
        ("x = @{ @\"k\": v, l: w };", "x = ( \"k\", v, l, w );"),
        ("x = @[];", "x = (0);"),
        ("f(q, ^{ free(p); });", "f(q, ( free,p ));"),
        ("f(^int(int a) { return a + b; });", "f(( a, b ));"),
        ("f(^{});", "f((0));"),
        ("x = a[i] ^ b[j + 1];", "x = a[i] ^ b[j + 1];"),
    ] {
        for dialect in [Dialect::C, Dialect::Cpp] {
            let body = rewritten(&format!("void w() {{ {text} }}"), dialect);
            assert_eq!(body, format!("void w() {{ {expected} }}"));
        }
    }
    for kept in ["auto l = [a, &b](int c) { return a + c; };", "[[nodiscard]] int f();", "auto m = [&] { g(); };"] {
        assert_eq!(rewritten(kept, Dialect::Cpp), kept);
    }
}

#[test]
fn what_plugins_write_is_no_error() {
    for text in [
        "static dispatch_once_t once; void f(char *p) { dispatch_once(&once, ^{ g(p); }); }",
        "void f(NSArray<NSString *> *xs) { for (NSString *x in xs) { NSLog(@\"%@\", x); } }",
        "id<P> f(id<P> p) { if (@available(iOS 10.0, *)) { return p; } return nil; }",
        "NS_ASSUME_NONNULL_BEGIN\nextern NSString * const K;\nNS_ASSUME_NONNULL_END\nint f(void) { return 1; }",
        "void *f(const char *s) { NSString *t = [NSString stringWithUTF8String:s]; return (__bridge_retained void *)t; }",
        "const char *f(void *h) { return [[(__bridge A *)h name] UTF8String]; }",
        "BOOL f(id x) { return [x isKindOfClass:A.class] || ![x b] - 1; }",
        "void f(void) { x[@\"a\"] = @{@\"b\": @[@1, @YES], @\"c\": @(n + 1)}; [x[0] foo]; }",
    ] {
        assert_eq!(errors(text, Dialect::C), 0, "{text}");
        assert_eq!(errors(text, Dialect::Cpp), 0, "{text}");
    }
}

#[test]
fn odd_input_costs_no_time_and_no_stack() {
    for part in ["[a ", "@[", "^{", "@interface ", "@implementation A - ", "[a b:", "@catch (", "]", "for (a in ", "@{"]
    {
        let text = format!("@class A;{}", part.repeat(20_000));
        let start = std::time::Instant::now();
        rewritten(&text, Dialect::Cpp);
        assert!(start.elapsed().as_secs() < 10, "{part}");
    }
}
