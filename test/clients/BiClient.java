// What a Java tool sees through JDBC: the metrics of one year by function and by view, and the catalog as it lists it.
// Prints tab-separated lines; each begins with what it is. java -cp postgresql.jar BiClient.java URL YEAR
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

class BiClient {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            int year = Integer.parseInt(args[1]);
            query(connection, "function", "SELECT * FROM hiring.hires_by_quarter(?)", year);
            query(connection, "view", "SELECT department, job, q1, q2, q3, q4 FROM hiring.hires_by_quarter_all WHERE year = ? ORDER BY department, job", year);
            query(connection, "mean", "SELECT * FROM hiring.departments_above_mean(?)", year);
            DatabaseMetaData catalog = connection.getMetaData();
            list("table", catalog.getTables(null, "hiring", "%", null), "TABLE_NAME", "TABLE_TYPE", "REMARKS");
            list("column", catalog.getColumns(null, "hiring", "%_all", "%"), "TABLE_NAME", "COLUMN_NAME", "TYPE_NAME", "REMARKS");
            list("routine", catalog.getFunctions(null, "hiring", "%"), "FUNCTION_NAME", "REMARKS");
            list("argument", catalog.getFunctionColumns(null, "hiring", "departments_above_mean", "%"), "COLUMN_NAME", "TYPE_NAME");
        }
    }

    // Five times, because the driver prepares a statement on the server at the fifth.
    static void query(Connection connection, String what, String sql, int year) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 1; i <= 6; i++) {
                statement.setInt(1, year);
                try (ResultSet rows = statement.executeQuery()) {
                    int columns = rows.getMetaData().getColumnCount();
                    while (rows.next()) {
                        StringBuilder line = new StringBuilder(what);
                        for (int c = 1; c <= columns; c++) line.append('\t').append(rows.getObject(c));
                        if (i == 6) System.out.println(line);
                    }
                }
            }
        }
    }

    static void list(String what, ResultSet rows, String... columns) throws Exception {
        while (rows.next()) {
            StringBuilder line = new StringBuilder(what);
            for (String column : columns) line.append('\t').append(rows.getString(column));
            System.out.println(line);
        }
    }
}
