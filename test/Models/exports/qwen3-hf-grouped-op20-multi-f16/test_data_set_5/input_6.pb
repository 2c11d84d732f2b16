

B%input.past_key_values.layers.1.valuesJPË¿M0®¹ë?Ò»e@o²ê><¿46K6$¼w½>9½¶Ô=‚=8Ð:øµþ¹Q¾E:…2d2¸©]>›:!8º¶3¾¾¼”¹¶¹Ý6·E­;´?µ