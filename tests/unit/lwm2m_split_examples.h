/* SPDX-License-Identifier: Apache-2.0 */
/* Examples of test_lwm2m_split.c: level, JSON, the same in the binding's CBOR. */
	{"reg",
	 "{\"id\":1,\"endpoint\":\"gw1\",\"lifetime\":3600,\"version\":\"1.2\",\"binding"
	 "Mode\":\"M\",\"objects\":{\"1\":{\"0\":{}},\"3\":{\"0\":{}},\"25\":{\"0\":{}}}"
	 ",\"links\":\"</>;ct=\\\"112 11544\\\",</1/0>,</3/0>,</25>;ver=2.0,</25/0>\"," AT,
	 "a70106020103636777310758363c2f3e3b63743d22313132203131353434222c3c2f312f303e2c3c"
	 "2f332f303e2c3c2f32353e3b7665723d322e302c3c2f32352f303e08190e100963312e320a614d"},
	{"resp/reg",
	 "{\"id\":1,\"result\":201,\"status\":\"registered\",\"location\":\"/rd/gw1\",\""
	 "lifetime\":3600," AT,
	 "a3020108190e101218c9"},
	{"update",
	 "{\"id\":3,\"endpoint\":\"gw1\"," AT,
	 "a3010702030363677731"},
	{"update",
	 "{\"id\":5,\"endpoint\":\"gw1\",\"lifetime\":600,\"objects\":{\"1\":{\"0\":{}},"
	 "\"3\":{\"0\":{}},\"25\":{}},\"links\":\"</1/0>,</3/0>,</25>\"," AT,
	 "a501070205036367773107533c2f312f303e2c3c2f332f303e2c3c2f32353e08190258"},
	{"resp/update",
	 "{\"id\":5,\"result\":204,\"status\":\"updated\"," AT,
	 "a202051218cc"},
	{"dereg",
	 "{\"id\":7," AT,
	 "a201080207"},
	{"resp/dereg",
	 "{\"id\":7,\"result\":202,\"status\":\"deregistered\"," AT,
	 "a202071218ca"},
	{"resp/update",
	 "{\"id\":5,\"result\":404,\"status\":\"error\"," AT,
	 "a2020512190194"},
	{"bulk",
	 "{\"id\":9,\"device_id\":\"gw1\",\"bulk_operations\":[{\"operation\":\"update\""
	 ",\"timestamp\":1700000000000,\"objects\":{\"3303\":{\"0\":{\"5700\":21.5}},\"d"
	 "0\":{\"3303\":{\"0\":{\"5700\":4},\"1\":{\"5700\":-7.25}}}}},{\"operation\":\""
	 "update\",\"timestamp\":1700000000000.000250,\"objects\":{\"d0\":{\"3303\":{\"0"
	 "\":{\"5700\":5}}}}}],\"bulk_size\":2," AT,
	 "a4011818020907586e84a421682f333330332f302f221a6553f10000643537303002f94d60a3216b"
	 "2f64302f333330332f302f00643537303002f94400a3216b2f64302f333330332f312f0064353730"
	 "3002f9c740a4216b2f64302f333330332f302f00643537303006fb3e90c6f7a0b5ed8d02f9450013"
	 "1870"},
	{"resp/bulk",
	 "{\"id\":9,\"result\":204,\"status\":\"bulk_processed\",\"bulk_size\":3,\"proce"
	 "ssed_operations\":2," AT,
	 "a202091218cc"},
	{"cmd/read",
	 "{\"id\":56,\"path\":\"/3/0/0\",\"objectId\":3,\"instanceId\":0,\"resourceId\":"
	 "0," AT,
	 "a3010902183805662f332f302f30"},
	{"resp/read",
	 "{\"id\":56,\"result\":205,\"status\":\"success\",\"path\":\"/3/0/0\",\"objectI"
	 "d\":3,\"instanceId\":0,\"resourceId\":0,\"value\":\"edge \\\"way\\\"\"," AT,
	 "a502183805662f332f302f3007582881a521652f332f302f221a6553f10000613006fb3fbf7ced91"
	 "6872b0036a656467652022776179221218cd131870"},
	{"cmd/read",
	 "{\"id\":58,\"path\":\"/d0/3303\"," AT,
	 "a3010902183a05682f64302f33333033"},
	{"resp/read",
	 "{\"id\":58,\"result\":205,\"status\":\"success\",\"values\":{\"/d0/3303/0/5700"
	 "\":21.5,\"/d0/3303/0/5701\":\"Cel\"}," AT,
	 "a402183a07583f82a5216b2f64302f333330332f302f221a6553f10000643537303006fb3fbf7ced"
	 "916872b002f94d60a300643537303106fb3fbf7ced916872b0036343656c1218cd131870"},
	{"resp/read",
	 "{\"id\":58,\"result\":205,\"status\":\"success\",\"values\":{}," AT,
	 "a402183a0741801218cd131870"},
	{"resp/read",
	 "{\"id\":60,\"result\":404,\"status\":\"error\"," AT,
	 "a202183c12190194"},
	{"cmd/read-composite",
	 "{\"id\":62,\"paths\":[\"/3/0/0\",\"/1\",\"/d0/3303/0/5700\"]," AT,
	 "a3010a02183e06582183a100662f332f302f30a100622f31a1006f2f64302f333330332f302f3537"
	 "3030"},
	{"resp/read-composite",
	 "{\"id\":62,\"result\":205,\"status\":\"success\",\"values\":{\"/3/0/0\":\"edge"
	 "way\",\"/1/0/1\":3600}," AT,
	 "a402183e07583e82a521652f332f302f221a6553f10000613006fb3fbf7ced916872b00367656467"
	 "65776179a421652f312f302f00613106fb3fbf7ced916872b002190e101218cd131870"},
	{"cmd/discover",
	 "{\"id\":64,\"path\":\"/3\",\"objectId\":3,\"depth\":1," AT,
	 "a4010b02184005622f331601"},
	{"resp/discover",
	 "{\"id\":64,\"result\":205,\"status\":\"success\",\"links\":\"</3>;ver=1.2,</3/"
	 "0>\"," AT,
	 "a402184007533c2f333e3b7665723d312e322c3c2f332f303e1218cd131828"},
	{"cmd/write",
	 "{\"id\":66,\"path\":\"/1/0/1\",\"objectId\":1,\"instanceId\":0,\"resourceId\":"
	 "1,\"value\":60," AT,
	 "a5010c02184205662f312f302f31074f81a321652f312f302f00613102183c131870"},
	{"resp/write",
	 "{\"id\":66,\"result\":204,\"status\":\"success\"," AT,
	 "a20218421218cc"},
	{"cmd/write",
	 "{\"id\":68,\"path\":\"/5/0/0\",\"objectId\":5,\"instanceId\":0,\"resourceId\":"
	 "0,\"value\":\"AP8=\"," AT,
	 "a5010c02184405662f352f302f30075081a321652f352f302f006130084200ff131870"},
	{"cmd/write-partial",
	 "{\"id\":70,\"path\":\"/1/0\",\"objectId\":1,\"instanceId\":0,\"values\":{\"/1/"
	 "0/1\":60,\"/1/0/23\":false}," AT,
	 "a5010d02184605642f312f30075682a321652f312f302f00613102183ca20062323304f4131870"},
	{"resp/write-partial",
	 "{\"id\":70,\"result\":405,\"status\":\"error\"," AT,
	 "a202184612190195"},
	{"cmd/write-composite",
	 "{\"id\":72,\"values\":{\"/d0/3306/0/5850\":true,\"/d0/3308/0/5900\":12.5}," AT,
	 "a4010f02184807582f82a3216b2f64302f333330362f302f00643538353004f5a3216b2f64302f33"
	 "3330382f302f00643539303002f94a40131870"},
	{"resp/write-composite",
	 "{\"id\":72,\"result\":204,\"status\":\"success\"," AT,
	 "a20218481218cc"},
	{"cmd/attributes",
	 "{\"id\":74,\"path\":\"/3303/0/5700\",\"objectId\":3303,\"instanceId\":0,\"reso"
	 "urceId\":5700,\"pmin\":10,\"pmax\":null,\"edge\":1,\"gt\":45.5,\"st\":0.5," AT,
	 "a8010e02184a056c2f333330332f302f353730300c0a0df60ef951b00ff938001401"},
	{"resp/attributes",
	 "{\"id\":74,\"result\":204,\"status\":\"success\"," AT,
	 "a202184a1218cc"},
	{"cmd/execute",
	 "{\"id\":76,\"path\":\"/3/0/4\",\"objectId\":3,\"instanceId\":0,\"resourceId\":"
	 "4," AT,
	 "a3011002184c05662f332f302f34"},
	{"cmd/execute",
	 "{\"id\":78,\"path\":\"/1/0/8\",\"objectId\":1,\"instanceId\":0,\"resourceId\":"
	 "8,\"arguments\":\"0='M'\"," AT,
	 "a4011002184e05662f312f302f380745303d274d27"},
	{"resp/execute",
	 "{\"id\":78,\"result\":204,\"status\":\"executed\"," AT,
	 "a202184e1218cc"},
	{"cmd/create",
	 "{\"id\":80,\"path\":\"/2\",\"objectId\":2,\"values\":{\"/2/5/0\":3303,\"/2/5/1"
	 "\":0}," AT,
	 "a5011102185005622f32075682a321652f322f352f00613002190ce7a20061310200131870"},
	{"resp/create",
	 "{\"id\":80,\"result\":405,\"status\":\"error\"," AT,
	 "a202185012190195"},
	{"cmd/delete",
	 "{\"id\":82,\"path\":\"/2/5\",\"objectId\":2,\"instanceId\":5," AT,
	 "a3011202185205642f322f35"},
	{"resp/delete",
	 "{\"id\":82,\"result\":202,\"status\":\"success\"," AT,
	 "a20218521218ca"},
	{"cmd/observe",
	 "{\"id\":84,\"path\":\"/3303/0/5700\",\"objectId\":3303,\"instanceId\":0,\"reso"
	 "urceId\":5700," AT,
	 "a30114021854056c2f333330332f302f35373030"},
	{"resp/observe",
	 "{\"id\":84,\"result\":205,\"status\":\"success\",\"path\":\"/3303/0/5700\",\"o"
	 "bjectId\":3303,\"instanceId\":0,\"resourceId\":5700,\"value\":21.5," AT,
	 "a5021854056c2f333330332f302f3537303007582681a521682f333330332f302f221a6553f10000"
	 "643537303006fb3fbf7ced916872b002f94d601218cd131870"},
	{"resp/notify",
	 "{\"id\":84,\"path\":\"/3303/0/5700\",\"objectId\":3303,\"instanceId\":0,\"reso"
	 "urceId\":5700,\"value\":22.25," AT,
	 "a50117021854056c2f333330332f302f3537303007582681a521682f333330332f302f221a6553f1"
	 "0000643537303006fb3fbf7ced916872b002f94d90131870"},
	{"cmd/observe-composite",
	 "{\"id\":86,\"paths\":[\"/3303\"]," AT,
	 "a30115021856064981a100652f33333033"},
	{"resp/observe-composite",
	 "{\"id\":86,\"result\":205,\"status\":\"success\",\"values\":{\"/3303/0/5700\":"
	 "1,\"/3303/1/5700\":2}," AT,
	 "a402185607584582a521682f333330332f302f221a6553f10000643537303006fb3fbf7ced916872"
	 "b002f93c00a421682f333330332f312f00643537303006fb3fbf7ced916872b002f940001218cd13"
	 "1870"},
	{"resp/notify",
	 "{\"id\":86,\"values\":{\"/3303/0/5700\":1.5,\"/3303/1/5700\":2.5}," AT,
	 "a4011702185607584582a521682f333330332f302f221a6553f10000643537303006fb3fbf7ced91"
	 "6872b002f93e00a421682f333330332f312f00643537303006fb3fbf7ced916872b002f941001318"
	 "70"},
	{"cmd/cancel",
	 "{\"id\":84," AT,
	 "a20116021854"},
	{"resp/cancel",
	 "{\"id\":84,\"result\":205,\"status\":\"success\"," AT,
	 "a20218541218cd"},
