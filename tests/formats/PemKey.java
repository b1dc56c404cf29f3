import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * PemKey PASSWORD FILE…: reads the encrypted private key of each file by the calls that Cassandra's PEMReader makes.
 * Prints the feature release of this Java; then for each file the algorithm and the SHA-256 of the key, or what was thrown.
 */
public class PemKey {
    public static void main(String[] arguments) throws Exception {
        System.out.println(Runtime.version().feature());
        for (int at = 1; at < arguments.length; at++) {
            byte[] der = der(Files.readString(Path.of(arguments[at])));
            try {
                System.out.println(read(der, arguments[0].toCharArray()));
            } catch (GeneralSecurityException refused) {
                System.out.println(refused.getClass().getSimpleName());
            }
        }
    }

    private static byte[] der(String pem) {
        String begin = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
        int from = pem.indexOf(begin) + begin.length();
        return Base64.getMimeDecoder().decode(pem.substring(from, pem.indexOf("-----END", from)));
    }

    private static String read(byte[] der, char[] password) throws Exception {
        EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(der);
        Cipher cipher = Cipher.getInstance(info.getAlgName());
        var key = SecretKeyFactory.getInstance(info.getAlgName()).generateSecret(new PBEKeySpec(password));
        cipher.init(Cipher.DECRYPT_MODE, key, info.getAlgParameters());
        byte[] plain = cipher.doFinal(info.getEncryptedData());
        for (String algorithm : new String[] {"RSA", "DSA", "EC"}) {
            try {
                KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(plain));
                byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(plain);
                return algorithm + " " + HexFormat.of().formatHex(sha256);
            } catch (GeneralSecurityException other) {
                // Of another algorithm.
            }
        }
        throw new GeneralSecurityException("none of RSA, DSA and EC");
    }
}
