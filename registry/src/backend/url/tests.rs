use super::*;

fn fault(text: &str) -> String {
    text.parse::<BackendUrl>().unwrap_err().to_string()
}

#[tokio::test]
async fn memory_needs_no_scheme_and_nothing_else() {
    for text in ["memory", "memory://", "MEMORY://"] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), "memory");
        assert!(url.open().is_ok());
    }
    assert!(fault("memory://host").contains("rpc://host:port"));
    let url: BackendUrl = "memory".parse().unwrap();
    let error = url.with_user("u", "secret").open().err().unwrap();
    assert_eq!(error.to_string(), "the registry at memory knows no user");
}

#[test]
fn what_is_no_url_is_said() {
    for (text, part) in [
        ("", "has no scheme"),
        ("localhost:2379", "write etcd://localhost:2379"),
        (
            "redis://h:1",
            "there is no backend \"redis\"; it is one of memory, rpc://",
        ),
        (&"x".repeat(LONGEST + 1), "too long"),
        ("a\u{1b}b", "a\\u{1b}b"),
    ] {
        assert!(fault(text).contains(part), "{text}: {}", fault(text));
    }
}

#[tokio::test]
async fn lists_and_several_backends() {
    for text in [
        "file:///etc/a@b.json",
        "static://10.0.0.1:8080,10.0.0.2:8080/user/v2",
        "static://h:80/user",
        "chain:memory file:///x",
        "merge:memory memory static://h:80/user",
    ] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text);
        assert!(url.open().is_ok());
    }
    let url: BackendUrl = "static://h:1,h:2/user/v2".parse().unwrap();
    let all = crate::Prefix::all();
    let snapshot = url.open().unwrap().snapshot(&all).await.unwrap();
    let keys: Vec<_> = snapshot.records.iter().map(|r| r.key.to_string()).collect();
    assert_eq!(keys, ["/services/user/v2/h:1", "/services/user/v2/h:2"]);
    // What both have is there once, and the first one's comes first.
    let merged: BackendUrl = "merge:static://h:1/user static://h:1,h:2/user"
        .parse()
        .unwrap();
    let snapshot = merged.open().unwrap().snapshot(&all).await.unwrap();
    assert_eq!(snapshot.records.len(), 2);
    let each: Vec<String> = merged.parts().map(|one| one.to_string()).collect();
    assert_eq!(each, ["static://h:1/user", "static://h:1,h:2/user"]);
    let chain: BackendUrl = "chain:memory file:///x".parse().unwrap();
    let each: Vec<String> = chain.parts().map(|one| one.to_string()).collect();
    assert_eq!(each, ["memory", "file:///x"]);
    let sixteen = format!("merge:{}", "memory ".repeat(16));
    assert!(sixteen.parse::<BackendUrl>().is_ok());
    for (text, part) in [
        ("file://services.json", "file:///etc/services.json"),
        ("file:///", "whole path"),
        ("file://u@h/x", "has a user in it"),
        ("static://h:80", "host:port/service/version"),
        ("static:///user", "host:port/service/version"),
        ("static://h/user", "port"),
        ("static://h:80/us/er/v1", "host:port/service/version"),
        ("static://h:80//v1", "name"),
        ("chain:memory", "2 to 16 URLs"),
        ("merge:", "2 to 16 URLs"),
        (&format!("{sixteen} memory"), "and not 17"),
        ("chain:memory redis://h", "there is no backend"),
        ("chain:memory chain:memory", "has no scheme"),
    ] {
        assert!(fault(text).contains(part), "{text}: {}", fault(text));
    }
}

#[cfg(all(feature = "consul", feature = "etcd"))]
#[tokio::test]
async fn each_of_several_gets_what_it_knows() {
    let url: BackendUrl = "merge:etcd://a consul://b memory".parse().unwrap();
    let url = url.with_user("root", "hunter2").with_token("hunter3");
    assert!(url.open().is_ok());
    let shown = format!("{url} {url:?}");
    assert!(
        shown.contains("root") && !shown.contains("hunter"),
        "{shown}"
    );
    let url: BackendUrl = "chain:memory consul://b".parse().unwrap();
    let error = url.with_user("root", "hunter2").open().err().unwrap();
    assert!(error.to_string().contains("knows no user"), "{error}");
}

#[cfg(feature = "dns")]
#[tokio::test]
async fn dns_urls() {
    for text in [
        "dns:///_{service}._tcp.example.org",
        "dns://127.0.0.1:8600/{service}.service.consul",
        "dns://127.0.0.1,[::1]:53/{service}.x",
    ] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text);
    }
    for (text, part) in [
        ("dns://127.0.0.1", "dns:///_{service}._tcp.example.org"),
        ("dns:///user.example.org", "where the service belongs"),
        ("dns://localhost/{service}.x", "localhost"),
    ] {
        assert!(fault(text).contains(part), "{text}: {}", fault(text));
    }
}

#[cfg(not(feature = "etcd"))]
#[test]
fn a_feature_that_is_missing_is_named() {
    assert!(fault("etcd://h").contains("its feature `etcd`"));
}

#[cfg(feature = "client")]
#[tokio::test]
async fn rpc_urls() {
    for (text, shown) in [
        ("rpc://127.0.0.1:7070", "rpc://127.0.0.1:7070"),
        ("rpc:///run/registry.sock", "rpc:///run/registry.sock"),
    ] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), shown);
        assert!(url.open().is_ok());
    }
    for text in ["rpc://", "rpc://h", "rpc://h:1/x", "rpc://h:1,h:2"] {
        assert!(!fault(text).is_empty(), "{text}");
    }
}

#[cfg(feature = "etcd")]
#[tokio::test]
async fn etcd_urls() {
    for text in [
        "etcd://localhost",
        "etcd://10.0.0.1:2379,10.0.0.2:2379",
        "etcd://[::1]:2379/prod/east",
        "etcd://a, b",
    ] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text.replace(' ', ""));
        assert!(url.open().is_ok());
    }
    for (text, part) in [
        ("etcd://", "etcd://localhost:2379"),
        ("etcd://a,,b", "between its commas"),
        ("etcd://a:0", "port 0"),
        ("etcd://a:99999", "port"),
        ("etcd://a?user=root", "no setting user"),
        ("etcd://root:hunter2@a", "has a user in it"),
        ("etcd://a?password=hunter2", "no setting password"),
    ] {
        let fault = fault(text);
        assert!(fault.contains(part), "{text}: {fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
    let url: BackendUrl = "etcd://a".parse().unwrap();
    let url = url.with_user("root", "hunter2");
    assert!(url.open().is_ok());
    let shown = format!("{url} {url:?}");
    assert!(
        shown.contains("root") && !shown.contains("hunter2"),
        "{shown}"
    );
    let error = url.with_token("hunter2").open().err().unwrap().to_string();
    assert!(error.contains("knows no token; it has users"), "{error}");
}

#[cfg(feature = "consul")]
#[tokio::test]
async fn consul_urls() {
    for text in ["consul://localhost", "consul://10.0.0.1:8500?dc=east"] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text);
        let url = url.with_token("hunter2");
        assert!(url.open().is_ok());
        assert!(!format!("{url:?}").contains("hunter2"));
    }
    for text in [
        "consul://",
        "consul://a/x",
        "consul://a?dc=",
        "consul://a?x=1",
    ] {
        assert!(!fault(text).is_empty(), "{text}");
    }
}

#[cfg(all(feature = "etcd", not(feature = "tls")))]
#[test]
fn tls_is_a_feature() {
    assert!(fault("etcds://a").contains("its feature `tls`"));
}

#[cfg(all(feature = "etcd", feature = "tls"))]
#[tokio::test]
async fn over_tls() {
    let url: BackendUrl = "etcds://a:2379".parse().unwrap();
    assert_eq!(url.to_string(), "etcds://a:2379");
}

#[cfg(feature = "zookeeper")]
#[tokio::test]
async fn zookeeper_urls() {
    for text in ["zk://localhost", "zk://10.0.0.1:2181,10.0.0.2/prod/east"] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text);
        let url = url.with_user("registry", "hunter2");
        assert!(url.open().is_ok());
        assert!(!format!("{url:?}").contains("hunter2"));
    }
    for text in ["zk://", "zk://a:0", "zk://a,,b", "zk://u:p@a", "zk://a?x=1"] {
        let fault = fault(text);
        assert!(
            !fault.is_empty() && !fault.contains("u:p"),
            "{text}: {fault}"
        );
    }
}
