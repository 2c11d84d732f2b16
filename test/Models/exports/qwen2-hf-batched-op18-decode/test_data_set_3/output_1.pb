B$output.past_key_values.layers.0.keysJ`šh¾Ý©†?DÎ=¡ÂÔ?.$Æ¾Nt?¿×+-?ø
4?fI¿þÄ>0zt½!^%?õÏ5¾K9?`ë>Œµ¿ù#ÀDÐB?ß·¶>Ûâo?4Ô,¾Tp.½ÈŠ‘¿®Kí¾