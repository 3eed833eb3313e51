//! Eighty types on one stream, so that ids and lengths take two bytes.

use gobrpc_codec::Gob;

use crate::check::{Case, case, same};

macro_rules! many {
    ($($ty:ident $value:ident $field:ident $number:literal;)*) => {
        $(
            #[derive(Gob, Debug, Clone, Default)]
            struct $ty {
                $value: i64,
            }
        )*

        #[derive(Gob, Debug, Clone, Default)]
        struct Many {
            $($field: $ty,)*
        }

        pub(crate) fn cases() -> Vec<Case> {
            let mut one = Many::default();
            one.f03.v03 = 3;
            one.f79.v79 = 79;
            vec![
                case("many_types", [$(same($ty { $value: $number }),)*]),
                case("many_types_in_one", [same(one)]),
            ]
        }
    };
}

many! {
    M00 v00 f00 0; M01 v01 f01 1; M02 v02 f02 2; M03 v03 f03 3;
    M04 v04 f04 4; M05 v05 f05 5; M06 v06 f06 6; M07 v07 f07 7;
    M08 v08 f08 8; M09 v09 f09 9; M10 v10 f10 10; M11 v11 f11 11;
    M12 v12 f12 12; M13 v13 f13 13; M14 v14 f14 14; M15 v15 f15 15;
    M16 v16 f16 16; M17 v17 f17 17; M18 v18 f18 18; M19 v19 f19 19;
    M20 v20 f20 20; M21 v21 f21 21; M22 v22 f22 22; M23 v23 f23 23;
    M24 v24 f24 24; M25 v25 f25 25; M26 v26 f26 26; M27 v27 f27 27;
    M28 v28 f28 28; M29 v29 f29 29; M30 v30 f30 30; M31 v31 f31 31;
    M32 v32 f32 32; M33 v33 f33 33; M34 v34 f34 34; M35 v35 f35 35;
    M36 v36 f36 36; M37 v37 f37 37; M38 v38 f38 38; M39 v39 f39 39;
    M40 v40 f40 40; M41 v41 f41 41; M42 v42 f42 42; M43 v43 f43 43;
    M44 v44 f44 44; M45 v45 f45 45; M46 v46 f46 46; M47 v47 f47 47;
    M48 v48 f48 48; M49 v49 f49 49; M50 v50 f50 50; M51 v51 f51 51;
    M52 v52 f52 52; M53 v53 f53 53; M54 v54 f54 54; M55 v55 f55 55;
    M56 v56 f56 56; M57 v57 f57 57; M58 v58 f58 58; M59 v59 f59 59;
    M60 v60 f60 60; M61 v61 f61 61; M62 v62 f62 62; M63 v63 f63 63;
    M64 v64 f64 64; M65 v65 f65 65; M66 v66 f66 66; M67 v67 f67 67;
    M68 v68 f68 68; M69 v69 f69 69; M70 v70 f70 70; M71 v71 f71 71;
    M72 v72 f72 72; M73 v73 f73 73; M74 v74 f74 74; M75 v75 f75 75;
    M76 v76 f76 76; M77 v77 f77 77; M78 v78 f78 78; M79 v79 f79 79;
}
